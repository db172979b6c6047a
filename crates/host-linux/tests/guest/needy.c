/* Imports a DLL that is nowhere. */
__declspec(dllimport) int nobody_has_this(void);
int main(void) { return nobody_has_this(); }
