/* A container's life through vmcompute.dll, as a client of the first API leads it. Argument: an id.
 * The container has a folder of drive C: at /shared, with a file "word". */
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

static const WCHAR closes_input[] = L"{\"Operation\":\"CloseHandle\",\"CloseHandle\":{\"Handle\":\"StdIn\"}}";

static char output[300000];
static DWORD output_length;

static DWORD WINAPI read_output(void *handle)
{
    output_length = read_all(handle, output, sizeof(output));
    return 0;
}

/* Writes so many bytes, closes the input at once, and reads all of them back. */
static void echo(HCS process, const INFORMATION *information, DWORD size)
{
    static char sent[200000];
    memset(sent, 'x', size);
    memcpy(sent + size - 3, "end", 3);
    HANDLE reading = CreateThread(NULL, 0, read_output, information->StdOutput, 0, NULL);
    for (DWORD written = 0; written < size;)
        written += transfer(information->StdInput, sent + written, size - written, TRUE);
    EXPECT(S_OK, call("HcsModifyProcess", process, closes_input, NULL, NULL, NULL));
    CHECK(CloseHandle(information->StdInput));
    CHECK(WaitForSingleObject(reading, PATIENCE) == WAIT_OBJECT_0 && CloseHandle(reading));
    CHECK(output_length == size && !memcmp(output, sent, size) && CloseHandle(information->StdOutput));
}

int wmain(int argc, WCHAR **argv)
{
    CHECK(argc == 2);
    PCWSTR id = argv[1], document = variable(L"HCS_TEST_DOCUMENT");
    PWSTR text = NULL, result = NULL;
    WATCH *watch;
    static char got[4096];
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
    PCWSTR program = L"{\"CommandArgs\":[\"/bin/sh\",\"-c\",\"cat; cat /shared/word >&2; exit 259\"],"
                     L"\"CreateStdInPipe\":true,\"CreateStdOutPipe\":true,\"CreateStdErrPipe\":true}";
    EXPECT(S_OK, call("HcsCreateProcess", system, program, &information, &process, &result));
    CHECK(process && information.ProcessId && information.StdInput && information.StdOutput && information.StdError);
    WATCH *exited = WATCH_PROCESS(process);
    /* New handles of the same streams with each call. */
    INFORMATION more;
    EXPECT(S_OK, call("HcsGetProcessInfo", process, &more, &result, NULL, NULL));
    CHECK(more.ProcessId == information.ProcessId && more.StdInput != information.StdInput);
    CHECK(CloseHandle(more.StdInput) && CloseHandle(more.StdOutput) && CloseHandle(more.StdError));
    echo(process, &information, 200000);
    read_all(information.StdError, got, sizeof(got));
    CHECK(!strcmp(got, "\xc3\xa4 word\n"));
    CHECK(CloseHandle(information.StdError));
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

    /* More than all sockets and pipes hold, for a process that takes its time: the request to close the input waits for it. */
    enum { LARGE = 16 << 20 };
    char *large = calloc(1, LARGE);
    PCWSTR slow = L"{\"CommandArgs\":[\"/bin/sh\",\"-c\",\"sleep 1; exec /bin/busybox wc -c\"],"
                  L"\"CreateStdInPipe\":true,\"CreateStdOutPipe\":true}";
    EXPECT(S_OK, call("HcsCreateProcess", system, slow, &information, &process, &result));
    for (DWORD written = 0; written < LARGE;)
        written += transfer(information.StdInput, large + written, LARGE - written, TRUE);
    EXPECT(S_OK, call("HcsModifyProcess", process, closes_input, NULL, NULL, NULL));
    CHECK(CloseHandle(information.StdInput));
    read_all(information.StdOutput, got, sizeof(got));
    CHECK(atoi(got) == LARGE && CloseHandle(information.StdOutput));
    EXPECT(S_OK, call("HcsCloseProcess", process, NULL, NULL, NULL, NULL));
    free(large);

    /* A folder of drive C: as a mapped one, once more. */
    PCWSTR map = L"{\"ResourcePath\":\"Container/MappedDirectories\",\"RequestType\":\"Add\",\"Settings\":"
                 L"{\"HostPath\":\"C:\\\\shared\",\"ContainerPath\":\"/again\",\"ReadOnly\":true}}";
    EXPECT(S_OK, call("HcsModifyComputeSystem", system, map, &result, NULL, NULL));
    PCWSTR shows = L"{\"CommandArgs\":[\"/bin/cat\",\"/again/word\"],\"CreateStdOutPipe\":true}";
    EXPECT(S_OK, call("HcsCreateProcess", system, shows, &information, &process, &result));
    read_all(information.StdOutput, got, sizeof(got));
    CHECK(!strcmp(got, "\xc3\xa4 word\n") && CloseHandle(information.StdOutput));
    EXPECT(S_OK, call("HcsCloseProcess", process, NULL, NULL, NULL, NULL));

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
