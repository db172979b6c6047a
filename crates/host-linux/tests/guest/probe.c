/* A Windows program that does one thing by its first argument, for the tests of Windows containers. */
#define _WIN32_WINNT 0x0600
#include <windows.h>
#include <fcntl.h>
#include <io.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static DWORD seen = 99;

static BOOL WINAPI handler(DWORD event)
{
    seen = event;
    return TRUE;
}

static BOOL WINAPI passes_on(DWORD event)
{
    (void)event;
    return FALSE;
}

static void say(const char *text)
{
    printf("%s\n", text);
    fflush(stdout);
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";

    if (!strcmp(what, "exit")) ExitProcess(strtoul(argv[2], NULL, 0));
    if (!strcmp(what, "cat"))
    {
        static char buffer[65536];
        int n;
        _setmode(0, _O_BINARY);
        _setmode(1, _O_BINARY);
        while ((n = read(0, buffer, sizeof(buffer))) > 0) if (write(1, buffer, n) != n) return 2;
        return 0;
    }
    if (!strcmp(what, "both"))
    {
        fputs("to stdout\n", stdout);
        fputs("to stderr\n", stderr);
        return 0;
    }
    if (!strcmp(what, "sleep"))
    {
        say("ready");
        Sleep(INFINITE);
    }
    if (!strcmp(what, "handle") || !strcmp(what, "pass-on"))
    {
        SetConsoleCtrlHandler(what[0] == 'h' ? handler : passes_on, TRUE);
        say("ready");
        while (seen == 99) Sleep(10);
        printf("event %lu\n", seen);
        return 0;
    }
    if (!strcmp(what, "tree"))
    {
        STARTUPINFOA startup = {sizeof(startup)};
        PROCESS_INFORMATION child;
        char line[512];
        snprintf(line, sizeof(line), "\"%s\" sleep", argv[0]);
        if (!CreateProcessA(NULL, line, NULL, NULL, TRUE, 0, NULL, NULL, &startup, &child)) return 3;
        WaitForSingleObject(child.hProcess, INFINITE);
        return 0;
    }
    if (!strcmp(what, "orphan"))
    {
        STARTUPINFOA startup = {sizeof(startup)};
        PROCESS_INFORMATION child;
        char line[512];
        snprintf(line, sizeof(line), "\"%s\" sleep", argv[0]);
        return CreateProcessA(NULL, line, NULL, NULL, FALSE, 0, NULL, NULL, &startup, &child) ? 0 : 3;
    }
    if (!strcmp(what, "hold"))
    {
        /* So many MiB of memory, in use until input ends. */
        for (unsigned long left = strtoul(argv[2], NULL, 0); left; left--)
        {
            void *part = VirtualAlloc(NULL, 1 << 20, MEM_COMMIT | MEM_RESERVE, PAGE_READWRITE);
            if (!part) return 4;
            memset(part, 1, 1 << 20);
        }
        say("held");
        getchar();
        return 0;
    }
    if (!strcmp(what, "list"))
    {
        WIN32_FIND_DATAA found;
        HANDLE search = FindFirstFileA(argv[2], &found);
        if (search == INVALID_HANDLE_VALUE) return 5;
        do printf("%s\n", found.cFileName); while (FindNextFileA(search, &found));
        return 0;
    }
    if (!strcmp(what, "pipe"))
    {
        /* pipe NAME bytes|messages: each line of the input becomes a message, its end an empty one; what comes back is
           printed, each read with its length. */
        static char buffer[1 << 20];
        HANDLE pipe;
        DWORD count, mode = strcmp(argv[3], "messages") ? PIPE_READMODE_BYTE : PIPE_READMODE_MESSAGE;

        while ((pipe = CreateFileA(argv[2], GENERIC_READ | GENERIC_WRITE, 0, NULL, OPEN_EXISTING, 0, NULL))
               == INVALID_HANDLE_VALUE)
        {
            if (GetLastError() != ERROR_PIPE_BUSY || !WaitNamedPipeA(argv[2], 60000))
            {
                printf("error %lu\n", GetLastError());
                return 1;
            }
        }
        if (!SetNamedPipeHandleState(pipe, &mode, NULL, NULL)) return 2;
        while (fgets(buffer, sizeof buffer, stdin))
        {
            buffer[strcspn(buffer, "\r\n")] = 0;
            if (!WriteFile(pipe, buffer, strlen(buffer), &count, NULL))
            {
                printf("error %lu\n", GetLastError());
                return 3;
            }
        }
        WriteFile(pipe, "", 0, &count, NULL);
        while (ReadFile(pipe, buffer, sizeof buffer, &count, NULL) && count)
            printf("%lu %.*s\n", count, count < 80 ? (int)count : 80, buffer);
        say("end");
        return 0;
    }
    if (!strcmp(what, "crash")) *(volatile int *)8 = 1;
    if (!strcmp(what, "who"))
    {
        RTL_OSVERSIONINFOEXW version = {sizeof(version)};
        char name[256];
        DWORD size = sizeof(name);
        LONG (WINAPI *get_version)(RTL_OSVERSIONINFOEXW *) =
            (void *)GetProcAddress(GetModuleHandleA("ntdll.dll"), "RtlGetVersion");
        get_version(&version);
        printf("version %lu.%lu.%lu type %d\n", version.dwMajorVersion, version.dwMinorVersion,
               version.dwBuildNumber, version.wProductType);
        if (GetComputerNameA(name, &size)) printf("computer %s\n", name);
        size = sizeof(name);
        if (GetComputerNameExA(ComputerNameDnsHostname, name, &size)) printf("host %s\n", name);
        size = sizeof(name);
        if (GetUserNameA(name, &size)) printf("user %s\n", name);
        TIME_ZONE_INFORMATION zone;
        GetTimeZoneInformation(&zone);
        printf("bias %ld\n", zone.Bias);
        printf("features %d%d%d\n", IsProcessorFeaturePresent(PF_XMMI64_INSTRUCTIONS_AVAILABLE),
               IsProcessorFeaturePresent(PF_FASTFAIL_AVAILABLE), IsProcessorFeaturePresent(PF_NX_ENABLED));
        return 0;
    }
    if (!strcmp(what, "page"))
    {
        /* The constant parts of the shared user data, as hexadecimal lines. */
        const unsigned char *page = (const unsigned char *)0x7ffe0000;
        static const int parts[][2] = {{0x4, 4}, {0x30, 0x218}, {0x260, 0x60}, {0x2d0, 8}, {0x2e8, 4},
                                       {0x3c0, 5}, {0x3d8, 812}};
        for (unsigned i = 0; i < sizeof(parts) / sizeof(*parts); i++)
        {
            printf("%x:", parts[i][0]);
            for (int j = 0; j < parts[i][1]; j++) printf("%02x", page[parts[i][0] + j]);
            printf("\n");
        }
        return 0;
    }
    if (!strcmp(what, "console"))
    {
        /* Size of the console, whenever a line comes in. */
        char line[16];
        say("ready");
        while (fgets(line, sizeof(line), stdin))
        {
            CONSOLE_SCREEN_BUFFER_INFO info;
            if (!GetConsoleScreenBufferInfo(GetStdHandle(STD_OUTPUT_HANDLE), &info)) return 4;
            printf("size %dx%d\n", info.srWindow.Right - info.srWindow.Left + 1,
                   info.srWindow.Bottom - info.srWindow.Top + 1);
            fflush(stdout);
        }
        return 0;
    }
    fprintf(stderr, "unknown: %s\n", what);
    return 1;
}
