/*
 * The Windows program of `./x bench`: ends at once. With an argument it writes what it reads, to the end of its input,
 * so that a session can be held open and be seen to run. Compile: x86_64-w64-mingw32-gcc -O2 quick.c -o quick.exe
 */
#include <windows.h>

int main(int argc, char **argv)
{
	char buffer[512];
	DWORD got, put;

	(void)argv;
	if (argc < 2)
		return 0;
	while (ReadFile(GetStdHandle(STD_INPUT_HANDLE), buffer, sizeof buffer, &got, NULL) && got)
		if (!WriteFile(GetStdHandle(STD_OUTPUT_HANDLE), buffer, got, &put, NULL))
			return 1;
	return 0;
}
