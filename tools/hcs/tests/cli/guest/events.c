/* A Windows program for the tests: says "ready", waits for a console control event, names its number and ends with
   20 + that number. */
#include <windows.h>
#include <stdio.h>

static BOOL WINAPI handler(DWORD event)
{
    char text[32];
    DWORD written;
    int length = snprintf(text, sizeof text, "event %lu\n", (unsigned long)event);
    WriteFile(GetStdHandle(STD_OUTPUT_HANDLE), text, length, &written, NULL);
    ExitProcess(20 + event);
}

int main(void)
{
    DWORD written;
    SetConsoleCtrlHandler(handler, TRUE);
    WriteFile(GetStdHandle(STD_OUTPUT_HANDLE), "ready\n", 6, &written, NULL);
    Sleep(INFINITE);
    return 1;
}
