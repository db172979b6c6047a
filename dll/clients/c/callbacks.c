/* Callbacks that block, that make calls, and that end themselves. Argument: an id. */
#include "client.h"

static HANDLE entered, may_return;
static HCS itself, of_registration;
static HRESULT from_within[4];
static LONG after_the_end;

static void CALLBACK blocks(DWORD type, void *context, HRESULT status, PCWSTR data)
{
    (void)type; (void)context; (void)status; (void)data;
    SetEvent(entered);
    WaitForSingleObject(may_return, INFINITE);
    InterlockedIncrement(&after_the_end);
}

/* At the system's exit: asks about it, ends its own registration, and closes the handle. */
static void CALLBACK makes_calls(DWORD type, void *context, HRESULT status, PCWSTR data)
{
    PWSTR text = NULL;
    (void)context; (void)status;
    if (type != 1) return;
    CHECK(!data || wcsstr(data, L"ExitType"));
    from_within[0] = call("HcsGetComputeSystemProperties", itself, L"", &text, NULL, NULL);
    if (text) free_text(text);
    from_within[1] = call("HcsEnumerateComputeSystems", L"", &text, NULL, NULL, NULL);
    free_text(text);
    from_within[2] = call("HcsUnregisterComputeSystemCallback", of_registration, NULL, NULL, NULL, NULL);
    from_within[3] = call("HcsCloseComputeSystem", itself, NULL, NULL, NULL, NULL);
    SetEvent(entered);
}

static DWORD WINAPI unregister(void *registration)
{
    return call("HcsUnregisterComputeSystemCallback", registration, NULL, NULL, NULL, NULL);
}

int wmain(int argc, WCHAR **argv)
{
    CHECK(argc == 2);
    PCWSTR document = variable(L"HCS_TEST_DOCUMENT");
    PWSTR text = NULL;
    DWORD code;
    CHECK((entered = CreateEventW(NULL, FALSE, FALSE, NULL)) && (may_return = CreateEventW(NULL, TRUE, FALSE, NULL)));

    /* One registration hangs: the others of the same system, and all calls, go on. Ending it waits. */
    WATCH *watch;
    HCS system = create(argv[1], document, &watch), hanging;
    EXPECT(S_OK, call("HcsRegisterComputeSystemCallback", system, blocks, NULL, &hanging, NULL));
    start(system, watch);
    CHECK(WaitForSingleObject(entered, PATIENCE) == WAIT_OBJECT_0);
    EXPECT(PENDING, call("HcsPauseComputeSystem", system, L"", NULL, NULL, NULL));
    EXPECT(S_OK, wait_for(watch, 4));
    EXPECT(PENDING, call("HcsResumeComputeSystem", system, L"", NULL, NULL, NULL));
    EXPECT(S_OK, wait_for(watch, 5));
    EXPECT(S_OK, call("HcsGetComputeSystemProperties", system, L"", &text, NULL, NULL));
    free_text(text);
    HANDLE ending = CreateThread(NULL, 0, unregister, hanging, 0, NULL);
    CHECK(WaitForSingleObject(ending, 100) == WAIT_TIMEOUT);
    SetEvent(may_return);
    CHECK(WaitForSingleObject(ending, PATIENCE) == WAIT_OBJECT_0 && GetExitCodeThread(ending, &code) && !code);
    CloseHandle(ending);
    LONG count = after_the_end;
    CHECK(count == 1);

    /* Calls from a callback, down to closing the handle that it came from. */
    itself = system;
    EXPECT(S_OK, call("HcsRegisterComputeSystemCallback", system, makes_calls, NULL, &of_registration, NULL));
    UNWATCH_SYSTEM(watch);
    EXPECT(PENDING, call("HcsTerminateComputeSystem", system, L"", NULL, NULL, NULL));
    CHECK(WaitForSingleObject(entered, PATIENCE) == WAIT_OBJECT_0);
    for (int i = 1; i < 4; i++) EXPECT(S_OK, from_within[i]);
    EXPECT(HANDLE_INVALID, call("HcsCloseComputeSystem", system, NULL, NULL, NULL, NULL));
    CHECK(after_the_end == count);
    puts("done");
    return 0;
}
