/* A hundred threads at once, each with systems of its own and all with one that they share. Argument: an id. */
#include "client.h"

static PWSTR document;
static HCS shared;
static PCWSTR prefix;
static LONG closed;

static DWORD WINAPI work(void *number)
{
    WCHAR id[64];
    PWSTR text = NULL;
    HCS again;
    swprintf(id, 64, L"%ls-%u", prefix, (unsigned)(UINT_PTR)number);
    for (int round = 0; round < 2; round++)
    {
        WATCH *watch;
        HCS system = create(id, document, &watch);
        start(system, watch);
        EXPECT(S_OK, call("HcsOpenComputeSystem", id, &again, NULL, NULL, NULL));
        EXPECT(S_OK, call("HcsGetComputeSystemProperties", again, L"", &text, NULL, NULL));
        CHECK(wcsstr(text, id));
        free_text(text);
        EXPECT(S_OK, call("HcsCloseComputeSystem", again, NULL, NULL, NULL, NULL));
        HRESULT hr = call("HcsGetComputeSystemProperties", shared, L"", &text, NULL, NULL);
        CHECK(hr == S_OK || hr == HANDLE_INVALID);
        if (hr == S_OK) free_text(text);
        end_and_close(system, watch);
    }
    /* One of them closes it. */
    if (!call("HcsCloseComputeSystem", shared, NULL, NULL, NULL, NULL)) InterlockedIncrement(&closed);
    return 0;
}

int wmain(int argc, WCHAR **argv)
{
    CHECK(argc == 2);
    static HANDLE threads[100];
    prefix = argv[1];
    document = variable(L"HCS_TEST_DOCUMENT");
    shared = create(prefix, document, NULL);
    for (UINT_PTR i = 0; i < 100; i++) CHECK(threads[i] = CreateThread(NULL, 0, work, (void *)i, 0, NULL));
    for (int i = 0; i < 100; i++) CHECK(WaitForSingleObject(threads[i], 2 * PATIENCE) == WAIT_OBJECT_0);
    CHECK(closed == 1);
    puts("done");
    return 0;
}
