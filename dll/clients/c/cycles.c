/* Creates and closes systems, many times, and looks at what stays. Arguments: an id, how often. */
#include "client.h"
#include <psapi.h>
#include <tlhelp32.h>

typedef struct { DWORD handles, threads; SIZE_T bytes; } STATE;

static STATE state(void)
{
    STATE now = { 0 };
    PROCESS_MEMORY_COUNTERS memory = { .cb = sizeof(memory) };
    THREADENTRY32 entry = { .dwSize = sizeof(entry) };
    CHECK(GetProcessHandleCount(GetCurrentProcess(), &now.handles));
    HANDLE all = CreateToolhelp32Snapshot(TH32CS_SNAPTHREAD, 0);
    CHECK(all != INVALID_HANDLE_VALUE);
    for (BOOL more = Thread32First(all, &entry); more; more = Thread32Next(all, &entry))
        now.threads += entry.th32OwnerProcessID == GetCurrentProcessId();
    CloseHandle(all);
    CHECK(GetProcessMemoryInfo(GetCurrentProcess(), &memory, sizeof(memory)));
    now.bytes = memory.WorkingSetSize;
    return now;
}

static void cycle(PCWSTR id, PCWSTR document, PCWSTR program)
{
    WATCH *watch;
    HCS system = create(id, document, &watch), process;
    if (program)
    {
        INFORMATION information;
        start(system, watch);
        EXPECT(S_OK, call("HcsCreateProcess", system, program, &information, &process, NULL));
        CHECK(CloseHandle(information.StdInput) && CloseHandle(information.StdOutput) && CloseHandle(information.StdError));
        HRESULT ended = call("HcsTerminateProcess", process, NULL, NULL, NULL, NULL);
        CHECK(ended == S_OK || ended == (HRESULT)0x80070490); /* it may have been faster */
        WATCH *exited = WATCH_PROCESS(process);
        wait_for(exited, 0x00010000);
        UNWATCH_PROCESS(exited);
        EXPECT(S_OK, call("HcsCloseProcess", process, NULL, NULL, NULL, NULL));
    }
    end_and_close(system, watch);
}

int wmain(int argc, WCHAR **argv)
{
    CHECK(argc == 3);
    PCWSTR document = variable(L"HCS_TEST_DOCUMENT");
    PCWSTR with_streams = program(L",\"CreateStdInPipe\":true,\"CreateStdOutPipe\":true,\"CreateStdErrPipe\":true");
    int rounds = _wtoi(argv[2]);
    CHECK(rounds > 0);
    /* Allocators, caches and the kept connections fill first. */
    for (int i = 0; i < 50; i++) cycle(argv[1], document, i % 10 ? NULL : with_streams);
    STATE before = state(), after = { 0 };
    for (int i = 0; i < rounds; i++) cycle(argv[1], document, i % 10 ? NULL : with_streams);
    /* The last threads may just be ending: nothing waits for them. They are few, whatever the number of rounds. */
    for (int i = 0; i < 100; i++)
    {
        after = state();
        if (after.handles <= before.handles + 8 && after.threads <= before.threads + 2) break;
        Sleep(50);
    }
    printf("%d rounds: %lu to %lu handles, %lu to %lu threads, %llu to %llu KiB\n", rounds, before.handles, after.handles,
           before.threads, after.threads, (unsigned long long)before.bytes >> 10, (unsigned long long)after.bytes >> 10);
    CHECK(after.handles <= before.handles + 8);
    CHECK(after.threads <= before.threads + 2);
    CHECK(after.bytes < before.bytes + (4 << 20));
    puts("done");
    return 0;
}
