/* A container's life through vmcompute.dll, as a client of the first API leads it. Arguments: id, text that is echoed. */
#include "client.h"

static DWORD WINAPI close_process(void *process)
{
    return call("HcsCloseProcess", process, NULL, NULL, NULL, NULL);
}

static PWSTR properties(const char *name, HCS handle, PCWSTR query)
{
    PWSTR text = NULL, result = (PWSTR)1;
    if (query) EXPECT(S_OK, call(name, handle, query, &text, &result, NULL));
    else EXPECT(S_OK, call(name, handle, &text, &result, NULL, NULL));
    CHECK(text && !result);
    return text;
}

int wmain(int argc, WCHAR **argv)
{
    CHECK(argc == 2);
    PCWSTR id = argv[1], document = variable(L"HCS_TEST_DOCUMENT");
    PWSTR text = NULL, result = NULL;
    WATCH *watch;
    HCS system = create(id, document, &watch), again = NULL, process = NULL, other = NULL;

    /* The id is taken; the document beside the code says so, with the code of this API. */
    EXPECT((HRESULT)0xC037010F, call("HcsCreateComputeSystem", id, document, NULL, &again, &result));
    CHECK(!again && result && wcsstr(result, L"-1070137073"));
    free_text(result);
    EXPECT((HRESULT)0xC037010E, call("HcsOpenComputeSystem", L"nobody", &again, &result, NULL, NULL));
    CHECK(!again && result);
    free_text(result);

    start(system, watch);
    EXPECT(S_OK, call("HcsEnumerateComputeSystems", L"{}", &text, &result, NULL, NULL));
    CHECK(wcsstr(text, id) && !result);
    free_text(text);
    text = properties("HcsGetComputeSystemProperties", system, L"{}");
    CHECK(wcsstr(text, L"\"Running\""));
    free_text(text);

    /* A program that reads to the end of its input, and fails. */
    INFORMATION information;
    PCWSTR program = L"{\"CommandArgs\":[\"/bin/sh\",\"-c\",\"cat; echo \\u00e4 errors >&2; exit 259\"],"
                     L"\"CreateStdInPipe\":true,\"CreateStdOutPipe\":true,\"CreateStdErrPipe\":true}";
    EXPECT(S_OK, call("HcsCreateProcess", system, program, &information, &process, &result));
    CHECK(process && information.ProcessId && information.StdInput && information.StdOutput && information.StdError);
    WATCH *exited = WATCH_PROCESS(process);
    /* New handles of the same streams with each call. */
    INFORMATION more;
    EXPECT(S_OK, call("HcsGetProcessInfo", process, &more, &result, NULL, NULL));
    CHECK(more.ProcessId == information.ProcessId && more.StdInput != information.StdInput);
    CHECK(CloseHandle(more.StdInput) && CloseHandle(more.StdOutput) && CloseHandle(more.StdError));
    static char sent[200000], got[300000];
    memset(sent, 'x', sizeof(sent));
    strcpy(sent + sizeof(sent) - 4, "end");
    DWORD written = 0;
    HANDLE reader = information.StdOutput;
    /* Larger than all buffers in between: the program must read while this writes. */
    while (written < sizeof(sent))
    {
        DWORD part = sizeof(sent) - written < 20000 ? sizeof(sent) - written : 20000;
        written += transfer(information.StdInput, sent + written, part, TRUE);
        CHECK(transfer(reader, got, 20000, FALSE) > 0 || written == sizeof(sent));
    }
    PCWSTR closing = L"{\"Operation\":\"CloseHandle\",\"CloseHandle\":{\"Handle\":\"StdIn\"}}";
    EXPECT(S_OK, call("HcsModifyProcess", process, closing, &result, NULL, NULL));
    CHECK(CloseHandle(information.StdInput));
    read_all(reader, got, sizeof(got));
    CHECK(strstr(got, "end") || !memcmp(got, "", 1));
    read_all(information.StdError, got, sizeof(got));
    CHECK(!strcmp(got, "\xc3\xa4 errors\n"));
    CHECK(CloseHandle(reader) && CloseHandle(information.StdError));
    wait_for(exited, 0x00010000);
    text = properties("HcsGetProcessProperties", process, NULL);
    CHECK(wcsstr(text, L"\"Exited\":true") && wcsstr(text, L"\"ExitCode\":3"));
    free_text(text);
    /* An exit that has happened is told to who registers late. */
    UNWATCH_PROCESS(exited);
    exited = WATCH_PROCESS(process);
    wait_for(exited, 0x00010000);
    UNWATCH_PROCESS(exited);
    HANDLE thread = CreateThread(NULL, 0, close_process, process, 0, NULL);
    DWORD code;
    CHECK(WaitForSingleObject(thread, PATIENCE) == WAIT_OBJECT_0 && GetExitCodeThread(thread, &code) && !code);
    CloseHandle(thread);
    EXPECT(HANDLE_INVALID, call("HcsCloseProcess", process, NULL, NULL, NULL, NULL));

    /* One that lives until it is ended, held by two handles. */
    program = L"{\"CommandArgs\":[\"/bin/sleep\",\"1000\"],\"CreateStdOutPipe\":true}";
    EXPECT(S_OK, call("HcsCreateProcess", system, program, &information, &process, &result));
    CHECK(!information.StdInput && information.StdOutput && !information.StdError);
    EXPECT(S_OK, call("HcsOpenProcess", system, (void *)(UINT_PTR)information.ProcessId, &other, &result, NULL));
    exited = WATCH_PROCESS(other);
    PCWSTR signal = L"{\"Signal\":15}";
    EXPECT(S_OK, call("HcsSignalProcess", process, signal, &result, NULL, NULL));
    wait_for(exited, 0x00010000);
    UNWATCH_PROCESS(exited);
    CHECK(!read_all(information.StdOutput, got, sizeof(got)));
    CloseHandle(information.StdOutput);
    /* What has ended can't be ended: one word for it in this API. */
    EXPECT((HRESULT)0x80070490, call("HcsTerminateProcess", process, &result, NULL, NULL, NULL));
    CHECK(result);
    free_text(result);
    EXPECT(S_OK, call("HcsCloseProcess", process, NULL, NULL, NULL, NULL));
    EXPECT(S_OK, call("HcsCloseProcess", other, NULL, NULL, NULL, NULL));

    EXPECT(PENDING, call("HcsPauseComputeSystem", system, L"", &result, NULL, NULL));
    EXPECT(S_OK, wait_for(watch, 4));
    EXPECT(PENDING, call("HcsResumeComputeSystem", system, L"", &result, NULL, NULL));
    EXPECT(S_OK, wait_for(watch, 5));
    EXPECT(PENDING, call("HcsTerminateComputeSystem", system, L"", &result, NULL, NULL));
    wait_for(watch, 1);
    EXPECT((HRESULT)0xC0370110, call("HcsTerminateComputeSystem", system, L"", &result, NULL, NULL));
    free_text(result);
    UNWATCH_SYSTEM(watch);
    EXPECT(S_OK, call("HcsCloseComputeSystem", system, NULL, NULL, NULL, NULL));
    puts("done");
    return 0;
}
