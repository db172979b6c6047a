/* What no client should hand to vmcompute.dll, to every export: it must answer, and go on. Argument: an id. */
#include "client.h"

static void CALLBACK ignore(DWORD type, void *context, HRESULT status, PCWSTR data)
{
    (void)type; (void)context; (void)status; (void)data;
}

/* Exports with a handle first, what else they need, and where their document goes. */
static const struct { const char *name; BOOL process; enum { ALONE, TEXT_IN, TEXT_OUT, PROCESS_OUT } second; } requests[] = {
    { "HcsStartComputeSystem", FALSE, TEXT_IN }, { "HcsShutdownComputeSystem", FALSE, TEXT_IN },
    { "HcsTerminateComputeSystem", FALSE, TEXT_IN }, { "HcsPauseComputeSystem", FALSE, TEXT_IN },
    { "HcsResumeComputeSystem", FALSE, TEXT_IN }, { "HcsSaveComputeSystem", FALSE, TEXT_IN },
    { "HcsModifyComputeSystem", FALSE, TEXT_IN }, { "HcsTerminateProcess", TRUE, ALONE },
    { "HcsSignalProcess", TRUE, TEXT_IN }, { "HcsModifyProcess", TRUE, TEXT_IN },
    { "HcsGetProcessProperties", TRUE, TEXT_OUT }, { "HcsGetProcessInfo", TRUE, PROCESS_OUT },
};

/* Every request with a handle that is none of its kind. */
static void with_handle(HCS handle, BOOL process)
{
    PWSTR text, result;
    INFORMATION information;
    for (unsigned i = 0; i < sizeof(requests) / sizeof(*requests); i++)
    {
        if (requests[i].process != process) continue;
        const char *name = requests[i].name;
        result = NULL;
        text = (PWSTR)1;
        switch (requests[i].second)
        {
        case ALONE: EXPECT(HANDLE_INVALID, call(name, handle, &result, NULL, NULL, NULL)); break;
        case TEXT_OUT: EXPECT(HANDLE_INVALID, call(name, handle, &text, &result, NULL, NULL)); CHECK(!text); break;
        case PROCESS_OUT: EXPECT(HANDLE_INVALID, call(name, handle, &information, &result, NULL, NULL)); break;
        default: EXPECT(HANDLE_INVALID, call(name, handle, L"{}", &result, NULL, NULL)); break;
        }
        CHECK(result && wcsstr(result, L"\"Error\":-2147024890"));
        free_text(result);
        /* Who does not want the document passes null. */
        EXPECT(HANDLE_INVALID, requests[i].second == ALONE ? call(name, handle, NULL, NULL, NULL, NULL)
                             : requests[i].second == TEXT_IN ? call(name, handle, L"{}", NULL, NULL, NULL)
                             : call(name, handle, &information, NULL, NULL, NULL));
    }
    HCS out = (HCS)1;
    if (process)
    {
        EXPECT(HANDLE_INVALID, call("HcsCloseProcess", handle, NULL, NULL, NULL, NULL));
        EXPECT(HANDLE_INVALID, call("HcsRegisterProcessCallback", handle, ignore, NULL, &out, NULL));
        EXPECT(HANDLE_INVALID, call("HcsUnregisterProcessCallback", handle, NULL, NULL, NULL, NULL));
    }
    else
    {
        EXPECT(HANDLE_INVALID, call("HcsGetComputeSystemProperties", handle, L"{}", &text, NULL, NULL));
        EXPECT(HANDLE_INVALID, call("HcsCreateProcess", handle, L"{}", &information, &out, NULL));
        EXPECT(HANDLE_INVALID, call("HcsOpenProcess", handle, (void *)4, &out, NULL, NULL));
        EXPECT(HANDLE_INVALID, call("HcsCloseComputeSystem", handle, NULL, NULL, NULL, NULL));
        EXPECT(HANDLE_INVALID, call("HcsRegisterComputeSystemCallback", handle, ignore, NULL, &out, NULL));
        EXPECT(HANDLE_INVALID, call("HcsUnregisterComputeSystemCallback", handle, NULL, NULL, NULL, NULL));
    }
    CHECK(!out);
}

int wmain(int argc, WCHAR **argv)
{
    CHECK(argc == 2);
    PCWSTR id = argv[1], document = variable(L"HCS_TEST_DOCUMENT");
    PWSTR result = NULL, text = NULL;
    HCS out = NULL, process = NULL;
    INFORMATION information;
    WATCH *watch;
    HCS system = create(id, document, &watch);
    start(system, watch);
    EXPECT(S_OK, call("HcsCreateProcess", system, program(L""), &information, &process, &result));

    /* Nulls where something is to be written, and where a text must be. */
    EXPECT(POINTER_INVALID, call("HcsCreateComputeSystem", L"x", document, NULL, NULL, &result));
    free_text(result);
    EXPECT(ARGUMENT_INVALID, call("HcsCreateComputeSystem", NULL, document, NULL, &out, &result));
    free_text(result);
    EXPECT(ARGUMENT_INVALID, call("HcsCreateComputeSystem", L"x", NULL, NULL, &out, &result));
    free_text(result);
    EXPECT((HRESULT)0x80070032, call("HcsCreateComputeSystem", L"x", document, (HANDLE)4, &out, &result));
    CHECK(wcsstr(result, L"identity"));
    free_text(result);
    EXPECT(POINTER_INVALID, call("HcsOpenComputeSystem", id, NULL, NULL, NULL, NULL));
    EXPECT(ARGUMENT_INVALID, call("HcsOpenComputeSystem", NULL, &out, NULL, NULL, NULL));
    EXPECT(POINTER_INVALID, call("HcsEnumerateComputeSystems", L"", NULL, NULL, NULL, NULL));
    EXPECT(POINTER_INVALID, call("HcsGetServiceProperties", L"", NULL, NULL, NULL, NULL));
    EXPECT(POINTER_INVALID, call("HcsGetComputeSystemProperties", system, L"", NULL, NULL, NULL));
    EXPECT(POINTER_INVALID, call("HcsGetProcessProperties", process, NULL, NULL, NULL, NULL));
    EXPECT(POINTER_INVALID, call("HcsGetProcessInfo", process, NULL, NULL, NULL, NULL));
    EXPECT(POINTER_INVALID, call("HcsCreateProcess", system, L"{}", NULL, &out, NULL));
    EXPECT(POINTER_INVALID, call("HcsCreateProcess", system, L"{}", &information, NULL, NULL));
    EXPECT(ARGUMENT_INVALID, call("HcsCreateProcess", system, NULL, &information, &out, NULL));
    EXPECT(POINTER_INVALID, call("HcsOpenProcess", system, (void *)4, NULL, NULL, NULL));
    EXPECT(ARGUMENT_INVALID, call("HcsModifyComputeSystem", system, NULL, NULL, NULL, NULL));
    EXPECT(ARGUMENT_INVALID, call("HcsModifyProcess", process, NULL, NULL, NULL, NULL));
    EXPECT(POINTER_INVALID, call("HcsRegisterComputeSystemCallback", system, ignore, NULL, NULL, NULL));
    EXPECT(ARGUMENT_INVALID, call("HcsRegisterComputeSystemCallback", system, NULL, NULL, &out, NULL));
    EXPECT(ARGUMENT_INVALID, call("HcsRegisterProcessCallback", process, NULL, NULL, &out, NULL));
    EXPECT((HRESULT)0x80004001, call("HcsModifyServiceSettings", L"{}", &result, NULL, NULL, NULL));
    free_text(result);
    EXPECT((HRESULT)0x80004001, call("ActivateLayer", NULL, NULL, NULL, NULL, NULL));
    /* A query may be null, as it may be empty. */
    EXPECT(S_OK, call("HcsEnumerateComputeSystems", NULL, &text, NULL, NULL, NULL));
    free_text(text);

    /* Texts: not a document, lone surrogates, at an odd address, larger than any document. */
    EXPECT((HRESULT)0xC037010D, call("HcsCreateComputeSystem", L"x", L"{\"no", NULL, &out, &result));
    free_text(result);
    /* A path on a drive that is not there has no place on the host. */
    PCWSTR nowhere = L"{\"SystemType\":\"Container\",\"VolumePath\":\"Q:\\\\x\"}";
    EXPECT((HRESULT)0x80070003, call("HcsCreateComputeSystem", L"x", nowhere, NULL, &out, &result));
    CHECK(wcsstr(result, L"Q:") && wcsstr(result, L"VolumePath"));
    free_text(result);
    EXPECT(ARGUMENT_INVALID, call("HcsCreateComputeSystem", L"x\xd800", document, NULL, &out, NULL));
    static BYTE bytes[64];
    memcpy(bytes + 1, L"nobody", 14);
    EXPECT((HRESULT)0xC037010E, call("HcsOpenComputeSystem", bytes + 1, &out, NULL, NULL, NULL));
    size_t units = 5 << 20;
    PWSTR huge = malloc((units + 1) * sizeof(WCHAR));
    wmemset(huge, ' ', units);
    huge[units] = 0;
    EXPECT(ARGUMENT_INVALID, call("HcsCreateComputeSystem", L"x", huge, NULL, &out, NULL));
    huge[4 << 20] = 0; /* as much as is read, and more than hcsd takes */
    CHECK(call("HcsCreateComputeSystem", L"x", huge, NULL, &out, NULL) < 0 && !out);
    free(huge);
    /* Results go to odd addresses as well. */
    EXPECT(S_OK, call("HcsOpenComputeSystem", id, bytes + 1, bytes + 17, NULL, NULL));
    memcpy(&out, bytes + 1, sizeof(out));
    EXPECT(S_OK, call("HcsCloseComputeSystem", out, NULL, NULL, NULL, NULL));

    /* Handles: null, made up, of another kind, the kernel's, closed. */
    HANDLE event = CreateEventW(NULL, TRUE, FALSE, NULL);
    HCS wrong[] = { NULL, (HCS)1, (HCS)-1, (HCS)0x1234567890, event, watch, out, watch->registration };
    for (unsigned i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
    {
        if (wrong[i] != watch->registration) with_handle(wrong[i], TRUE), with_handle(wrong[i], FALSE);
    }
    with_handle(system, TRUE);
    with_handle(process, FALSE);
    EXPECT(HANDLE_INVALID, call("HcsCloseComputeSystem", watch->registration, NULL, NULL, NULL, NULL));
    CHECK(WaitForSingleObject(event, 0) == WAIT_TIMEOUT && CloseHandle(event));
    EXPECT(S_OK, call("HcsCloseProcess", process, NULL, NULL, NULL, NULL));
    with_handle(process, TRUE);

    /* A handle that is closed with a registration: that is gone as well. */
    HCS registration = watch->registration;
    EXPECT(S_OK, call("HcsTerminateComputeSystem", system, L"", &result, NULL, NULL) == PENDING ? S_OK : E_FAIL);
    wait_for(watch, 1);
    EXPECT(S_OK, call("HcsCloseComputeSystem", system, NULL, NULL, NULL, NULL));
    EXPECT(HANDLE_INVALID, call("HcsUnregisterComputeSystemCallback", registration, NULL, NULL, NULL, NULL));
    with_handle(system, FALSE);
    puts("done");
    return 0;
}
