/* What the C programs share: the service's first API and its networks by lazy look-up, as clients of Windows have it, and checks. */
#pragma once
#include <windows.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

typedef HANDLE HCS;
typedef struct { DWORD ProcessId, Reserved; HANDLE StdInput, StdOutput, StdError; } INFORMATION;
typedef void (CALLBACK *NOTIFY)(DWORD type, void *context, HRESULT status, PCWSTR data);

#define PENDING ((HRESULT)0xC0370103)
#define HANDLE_INVALID ((HRESULT)0x80070006)
#define ARGUMENT_INVALID ((HRESULT)0x80070057)
#define POINTER_INVALID ((HRESULT)0x80004003)
/* Longer than anything here takes on a busy machine: a hang fails instead of hanging the run. */
#define PATIENCE 60000

/* An export of the DLL in the system directory, looked up when it is first used. */
static inline FARPROC look_up(const char *name)
{
    static HMODULE modules[2];
    BOOL network = !strncmp(name, "Hcn", 3);
    PCWSTR dll = network ? L"computenetwork.dll" : L"vmcompute.dll";
    HMODULE *module = modules + network;
    if (!*module) *module = LoadLibraryExW(dll, NULL, LOAD_LIBRARY_SEARCH_SYSTEM32);
    if (!*module) { printf("%ls: error %lu\n", dll, GetLastError()); exit(3); }
    FARPROC found = GetProcAddress(*module, name);
    if (!found) { printf("%s is not exported\n", name); exit(3); }
    return found;
}

/* Every function returns in the same register, and takes pointer-sized arguments, as Go's callers have it. */
typedef HRESULT (WINAPI *FUNCTION)(UINT_PTR, UINT_PTR, UINT_PTR, UINT_PTR, UINT_PTR);
static inline HRESULT call(const char *name, const void *a, const void *b, const void *c, const void *d, const void *e)
{
    return ((FUNCTION)(void *)look_up(name))((UINT_PTR)a, (UINT_PTR)b, (UINT_PTR)c, (UINT_PTR)d, (UINT_PTR)e);
}

#define CHECK(condition) \
    do { if (!(condition)) { printf("line %d: %s\n", __LINE__, #condition); fflush(stdout); exit(1); } } while (0)
#define EXPECT(wanted, got) \
    do { HRESULT r_ = (got), w_ = (wanted); if (r_ != w_) { \
        printf("line %d: %s is 0x%08lX, not 0x%08lX\n", __LINE__, #got, (long)r_, (long)w_); \
        fflush(stdout); exit(1); } } while (0)

/* Frees a text as its documentation says: from COM, looked up in the API set that Go's clients name. */
static inline void free_text(PWSTR text)
{
    static void (WINAPI *co_free)(void *);
    if (!co_free)
    {
        HMODULE com = LoadLibraryW(L"api-ms-win-core-com-l1-1-0.dll");
        CHECK(com);
        co_free = (void *)GetProcAddress(com, "CoTaskMemFree");
        CHECK(co_free);
    }
    co_free(text);
}

/* A text of the environment. */
static inline PWSTR variable(PCWSTR name)
{
    static __thread WCHAR text[16384];
    CHECK(GetEnvironmentVariableW(name, text, 16384) > 0);
    return _wcsdup(text);
}

/* The document of the process that the test's host can run, with further members. */
static inline PCWSTR program(PCWSTR more)
{
    WCHAR text[1024];
    swprintf(text, 1024, L"{%ls%ls}", variable(L"HCS_TEST_PROGRAM"), more);
    return _wcsdup(text);
}

/* What has come in by a registration, with an event for each kind that tests wait for. */
typedef struct { HANDLE arrived[32]; HRESULT status[32]; DWORD thread; LONG count; HCS registration; } WATCH;

static inline unsigned slot(DWORD type)
{
    if (type == 0x00010000) return 30; /* a process has exited */
    if (type == 0x01000000) return 31; /* the service is gone */
    return type < 30 ? type : 29;
}

static inline void CALLBACK arrive(DWORD type, void *context, HRESULT status, PCWSTR data)
{
    WATCH *watch = context;
    (void)data;
    watch->thread = GetCurrentThreadId();
    watch->status[slot(type)] = status;
    InterlockedIncrement(&watch->count);
    SetEvent(watch->arrived[slot(type)]);
}

static inline WATCH *watch_with(const char *name, HCS handle, NOTIFY notify)
{
    WATCH *watch = calloc(1, sizeof(*watch));
    for (int i = 0; i < 32; i++) CHECK(watch->arrived[i] = CreateEventW(NULL, FALSE, FALSE, NULL));
    EXPECT(S_OK, call(name, handle, notify, watch, &watch->registration, NULL));
    CHECK(watch->registration);
    return watch;
}

static inline HRESULT wait_for(WATCH *watch, DWORD type)
{
    CHECK(WaitForSingleObject(watch->arrived[slot(type)], PATIENCE) == WAIT_OBJECT_0);
    CHECK(watch->thread != GetCurrentThreadId());
    return watch->status[slot(type)];
}

static inline void unwatch(const char *name, WATCH *watch)
{
    EXPECT(S_OK, call(name, watch->registration, NULL, NULL, NULL, NULL));
    EXPECT(HANDLE_INVALID, call(name, watch->registration, NULL, NULL, NULL, NULL));
    for (int i = 0; i < 32; i++) CloseHandle(watch->arrived[i]);
    free(watch);
}

#define WATCH_SYSTEM(handle) watch_with("HcsRegisterComputeSystemCallback", handle, arrive)
#define UNWATCH_SYSTEM(watch) unwatch("HcsUnregisterComputeSystemCallback", watch)
#define WATCH_PROCESS(handle) watch_with("HcsRegisterProcessCallback", handle, arrive)
#define UNWATCH_PROCESS(watch) unwatch("HcsUnregisterProcessCallback", watch)

/* Creates a system, and waits as Go's client does: it registers afterwards, and what happened before is told then. */
static inline HCS create(PCWSTR id, PCWSTR document, WATCH **watch)
{
    HCS system = NULL;
    PWSTR result = (PWSTR)1;
    EXPECT(PENDING, call("HcsCreateComputeSystem", id, document, NULL, &system, &result));
    CHECK(system && !result);
    WATCH *watching = WATCH_SYSTEM(system);
    EXPECT(S_OK, wait_for(watching, 2));
    if (watch) *watch = watching; else UNWATCH_SYSTEM(watching);
    return system;
}

static inline void start(HCS system, WATCH *watch)
{
    PWSTR result = NULL;
    EXPECT(PENDING, call("HcsStartComputeSystem", system, L"", &result, NULL, NULL));
    EXPECT(S_OK, wait_for(watch, 3));
}

static inline void end_and_close(HCS system, WATCH *watch)
{
    PWSTR result = NULL;
    EXPECT(PENDING, call("HcsTerminateComputeSystem", system, L"", &result, NULL, NULL));
    wait_for(watch, 1);
    UNWATCH_SYSTEM(watch);
    EXPECT(S_OK, call("HcsCloseComputeSystem", system, NULL, NULL, NULL, NULL));
}

/* One transfer on an overlapped handle, waited for; a broken pipe is the end. */
static inline DWORD transfer(HANDLE handle, void *buffer, DWORD size, BOOL write)
{
    OVERLAPPED overlapped = { .hEvent = CreateEventW(NULL, TRUE, FALSE, NULL) };
    DWORD count = 0;
    BOOL done = write ? WriteFile(handle, buffer, size, NULL, &overlapped)
                      : ReadFile(handle, buffer, size, NULL, &overlapped);
    if (!done && GetLastError() != ERROR_IO_PENDING)
    {
        CHECK(!write && GetLastError() == ERROR_BROKEN_PIPE);
        CloseHandle(overlapped.hEvent);
        return 0;
    }
    CHECK(WaitForSingleObject(overlapped.hEvent, PATIENCE) == WAIT_OBJECT_0);
    if (!GetOverlappedResult(handle, &overlapped, &count, FALSE)) CHECK(GetLastError() == ERROR_BROKEN_PIPE);
    CloseHandle(overlapped.hEvent);
    return count;
}

static inline DWORD read_all(HANDLE handle, char *buffer, DWORD size)
{
    DWORD length = 0, count;
    while (length < size && (count = transfer(handle, buffer + length, size - length, FALSE))) length += count;
    buffer[length < size ? length : size - 1] = 0;
    return length;
}
