/* What the programs that are about networks share, beside client.h. */
#pragma once
#include "client.h"
#include <objbase.h>

#define NOT_FOUND ((HRESULT)0x80070490)
#define NOT_IMPLEMENTED ((HRESULT)0x80004001)

/* A call whose whole register counts, as clients in Go look at it: nothing stands above the HRESULT. */
typedef UINT_PTR (WINAPI *WHOLE)(UINT_PTR, UINT_PTR, UINT_PTR, UINT_PTR, UINT_PTR);
static inline HRESULT net(const char *name, const void *a, const void *b, const void *c, const void *d, const void *e)
{
    UINT_PTR whole = ((WHOLE)(void *)look_up(name))((UINT_PTR)a, (UINT_PTR)b, (UINT_PTR)c, (UINT_PTR)d, (UINT_PTR)e);
    if (whole >> 32) { printf("%s: 0x%llX\n", name, (unsigned long long)whole); fflush(stdout); exit(1); }
    return (HRESULT)whole;
}

/* The record that a call has left, which must be the one of this failure; for a success there is none. It is one place for
 * all calls, never reset here: a record of before that was still there would be freed twice. */
static PWSTR record = (PWSTR)1;
static inline void check_record(HRESULT hr)
{
    if (hr >= 0) { CHECK(!record); return; }
    WCHAR code[64];
    swprintf(code, 64, L"\"ErrorCode\":%lu", (unsigned long)hr);
    CHECK(record && wcsstr(record, code) && wcsstr(record, L"\"Success\":false"));
    free_text(record);
}

#define EXPECT_RECORD(wanted, got) do { EXPECT(wanted, got); check_record(wanted); } while (0)

/* The text of the member, of the first that has this name; the caller frees it. */
static inline PWSTR member(PCWSTR document, PCWSTR name)
{
    WCHAR key[64];
    swprintf(key, 64, L"\"%ls\":\"", name);
    PCWSTR found = wcsstr(document, key);
    CHECK(found);
    PWSTR text = _wcsdup(found + wcslen(key));
    *wcschr(text, L'"') = 0;
    return text;
}

/* As Go's clients make a GUID of a text. */
static inline GUID guid(PCWSTR text)
{
    GUID id;
    WCHAR braced[64];
    swprintf(braced, 64, L"{%ls}", text);
    CHECK(CLSIDFromString(braced, &id) == S_OK);
    return id;
}

#define UNWATCH_SERVICE(watch) unwatch("HcnUnregisterServiceCallback", watch)
