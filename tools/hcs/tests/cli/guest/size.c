/* A Windows program for the tests: waits until the console has as many columns and rows as its arguments say, and
   says so. A console tells nobody who does not read its input of a new size, so this asks again and again. */
#include <windows.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
    CONSOLE_SCREEN_BUFFER_INFO info;
    HANDLE console = GetStdHandle(STD_OUTPUT_HANDLE);
    DWORD written;
    char text[64];
    if (argc != 3)
        return 2;
    for (;;) {
        if (!GetConsoleScreenBufferInfo(console, &info))
            return 3;
        if (info.srWindow.Right - info.srWindow.Left + 1 == atoi(argv[1])
            && info.srWindow.Bottom - info.srWindow.Top + 1 == atoi(argv[2]))
            break;
        Sleep(10);
    }
    /* At once: the C library writes to consoles letter by letter, and each letter moves the cursor. */
    WriteFile(console, text, snprintf(text, sizeof text, "now %sx%s\r\n", argv[1], argv[2]), &written, NULL);
    return 0;
}
