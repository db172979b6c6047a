/* A Windows program for the tests: copies standard input to standard output byte by byte as it comes, says on
   standard error how many bytes there were, and ends with 0. */
#include <windows.h>
#include <stdio.h>

int main(void)
{
    static char buffer[1 << 16];
    unsigned long long total = 0;
    HANDLE in = GetStdHandle(STD_INPUT_HANDLE), out = GetStdHandle(STD_OUTPUT_HANDLE);
    DWORD count, written, done;
    while (ReadFile(in, buffer, sizeof buffer, &count, NULL) && count > 0) {
        for (done = 0; done < count; done += written)
            if (!WriteFile(out, buffer + done, count - done, &written, NULL))
                return 1;
        total += count;
    }
    fprintf(stderr, "%llu bytes", total);
    return 0;
}
