/* bcryptprimitives.dll for Wine 8, which has none: every program of Rust's standard library imports ProcessPrng.
 *
 * BOOL ProcessPrng(PBYTE, SIZE_T) fills the buffer with random bytes and always returns TRUE (Windows documentation).
 * SystemFunction036 is RtlGenRandom: the same for at most 4 GiB, with a BOOLEAN result.
 */
#include <windows.h>

BOOLEAN WINAPI SystemFunction036(void *buffer, ULONG length);

BOOL WINAPI ProcessPrng(BYTE *buffer, SIZE_T length)
{
    while (length)
    {
        ULONG part = length > 0x40000000 ? 0x40000000 : (ULONG)length;
        /* Documented never to fail; a program that went on without randomness would be worse than one that ends. */
        if (!SystemFunction036(buffer, part)) __builtin_trap();
        buffer += part;
        length -= part;
    }
    return TRUE;
}
