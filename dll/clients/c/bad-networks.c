/* What no client should hand to computenetwork.dll and to HNSCall, to every export: it must answer, and go on. */
#include "network.h"

static void CALLBACK ignore(DWORD type, void *context, HRESULT status, PCWSTR data)
{
    (void)type; (void)context; (void)status; (void)data;
}

/* By the index of a kind: what its exports are called. */
static const char *const kinds[] = { "Network", "Endpoint", "Namespace", "LoadBalancer", "SdnRoute" };
enum { KINDS = sizeof(kinds) / sizeof(*kinds) };

static const char *of(const char *verb, int kind, const char *rest)
{
    static char name[64];
    snprintf(name, sizeof(name), "Hcn%s%s%s", verb, kinds[kind], rest);
    return name;
}

/* Every request of this kind with a handle that is none of it. */
static void with_handle(HCS handle, int kind)
{
    PWSTR text = (PWSTR)1;
    EXPECT_RECORD(HANDLE_INVALID, net(of("Modify", kind, ""), handle, L"{}", &record, NULL, NULL));
    EXPECT_RECORD(HANDLE_INVALID, net(of("Query", kind, "Properties"), handle, L"", &text, &record, NULL));
    CHECK(!text);
    /* Who does not want the record passes null. */
    EXPECT(HANDLE_INVALID, net(of("Modify", kind, ""), handle, L"{}", NULL, NULL, NULL));
    EXPECT(HANDLE_INVALID, net(of("Query", kind, "Properties"), handle, L"", &text, NULL, NULL));
    EXPECT(HANDLE_INVALID, net(of("Close", kind, ""), handle, NULL, NULL, NULL, NULL));
}

int wmain(void)
{
    static const GUID none;
    static BYTE bytes[64];
    GUID nobody = guid(L"7e1f0a5c-9c1d-4e44-8d5a-0c0ffee00001");
    HCS made[KINDS] = { 0 }, closed[KINDS] = { 0 }, out = NULL, service = NULL, registration = NULL;
    PWSTR text = NULL;
    PCWSTR nat = L"{\"Type\":\"NAT\",\"Ipams\":[{\"Subnets\":[{\"IpAddressPrefix\":\"10.9.0.0/24\"}]}]}";
    static const PCWSTR documents[KINDS] = {
        NULL, L"{}", L"{}", L"{\"FrontendVIPs\":[\"1.1.1.3\"],\"HostComputeEndpoints\":[\"%ls\"],\"PortMappings\":"
        L"[{\"Protocol\":6,\"InternalPort\":80,\"ExternalPort\":80}]}",
        L"{\"HostComputeEndpoints\":[\"%ls\"],\"Setting\":[{\"DestinationPrefix\":\"10.8.0.0/16\",\"NextHop\":\"10.9.0.9\"}]}",
    };
    WCHAR settings[512];
    PWSTR endpoint = NULL;
    EXPECT_RECORD(S_OK, net("HcnCreateNetwork", &none, nat, &made[0], &record, NULL));
    EXPECT_RECORD(S_OK, net("HcnCreateEndpoint", made[0], &none, L"{}", &made[1], &record));
    EXPECT_RECORD(S_OK, net("HcnQueryEndpointProperties", made[1], NULL, &text, &record, NULL));
    endpoint = member(text, L"ID");
    free_text(text);
    for (int kind = 2; kind < KINDS; kind++)
    {
        swprintf(settings, 512, documents[kind], endpoint);
        EXPECT_RECORD(S_OK, net(of("Create", kind, ""), &none, settings, &made[kind], &record, NULL));
        CHECK(made[kind]);
    }
    EXPECT_RECORD(S_OK, net("HcnOpenService", &service, &record, NULL, NULL, NULL));
    EXPECT(S_OK, net("HcnRegisterServiceCallback", ignore, NULL, &registration, NULL, NULL));

    for (int kind = 0; kind < KINDS; kind++)
    {
        /* Nulls where something is to be written, where a text must be, and where an id must be. */
        char plural[64];
        snprintf(plural, sizeof(plural), "HcnEnumerate%ss", kinds[kind]);
        EXPECT_RECORD(POINTER_INVALID, net(plural, L"", NULL, &record, NULL, NULL));
        EXPECT_RECORD(S_OK, net(plural, NULL, &text, &record, NULL, NULL));
        CHECK(text && *text == L'[');
        free_text(text);
        EXPECT_RECORD((HRESULT)0x803B001B, net(plural, L"{", &text, &record, NULL, NULL));
        CHECK(!text);
        EXPECT_RECORD(POINTER_INVALID, net(of("Open", kind, ""), &nobody, NULL, &record, NULL, NULL));
        EXPECT_RECORD(ARGUMENT_INVALID, net(of("Open", kind, ""), NULL, &out, &record, NULL, NULL));
        EXPECT_RECORD(NOT_FOUND, net(of("Open", kind, ""), &nobody, &out, &record, NULL, NULL));
        EXPECT_RECORD(NOT_FOUND, net(of("Open", kind, ""), &none, &out, &record, NULL, NULL));
        EXPECT_RECORD(ARGUMENT_INVALID, net(of("Delete", kind, ""), NULL, &record, NULL, NULL, NULL));
        EXPECT_RECORD(NOT_FOUND, net(of("Delete", kind, ""), &nobody, &record, NULL, NULL, NULL));
        EXPECT(NOT_FOUND, net(of("Delete", kind, ""), &nobody, NULL, NULL, NULL, NULL));
        EXPECT_RECORD(ARGUMENT_INVALID, net(of("Modify", kind, ""), made[kind], NULL, &record, NULL, NULL));
        EXPECT_RECORD(POINTER_INVALID, net(of("Query", kind, "Properties"), made[kind], L"", NULL, &record, NULL));
        if (kind != 1)
        {
            EXPECT_RECORD(ARGUMENT_INVALID, net(of("Create", kind, ""), NULL, L"{}", &out, &record, NULL));
            EXPECT_RECORD(ARGUMENT_INVALID, net(of("Create", kind, ""), &none, NULL, &out, &record, NULL));
            EXPECT_RECORD(POINTER_INVALID, net(of("Create", kind, ""), &none, L"{}", NULL, &record, NULL));
            EXPECT_RECORD((HRESULT)0x803B001B, net(of("Create", kind, ""), &none, L"{\"no", &out, &record, NULL));
            EXPECT_RECORD(ARGUMENT_INVALID, net(of("Create", kind, ""), &none, L"x\xd800", &out, &record, NULL));
        }
        CHECK(!out);
    }
    EXPECT_RECORD(HANDLE_INVALID, net("HcnCreateEndpoint", NULL, &none, L"{}", &out, &record));
    EXPECT_RECORD(HANDLE_INVALID, net("HcnCreateEndpoint", made[1], &none, L"{}", &out, &record));
    EXPECT_RECORD(POINTER_INVALID, net("HcnCreateEndpoint", made[0], &none, L"{}", NULL, &record));
    EXPECT_RECORD(POINTER_INVALID, net("HcnQueryEndpointStats", made[1], L"", NULL, &record, NULL));
    EXPECT_RECORD((HRESULT)0x80070032, net("HcnQueryEndpointStats", made[1], L"{\"Flags\":1}", &text, &record, NULL));
    EXPECT_RECORD(HANDLE_INVALID, net("HcnQueryEndpointStats", made[0], L"", &text, &record, NULL));
    EXPECT_RECORD(POINTER_INVALID, net("HcnOpenService", NULL, &record, NULL, NULL, NULL));
    EXPECT(POINTER_INVALID, net("HcnRegisterServiceCallback", ignore, NULL, NULL, NULL, NULL));
    EXPECT(ARGUMENT_INVALID, net("HcnRegisterServiceCallback", NULL, NULL, &out, NULL, NULL));
    EXPECT(HANDLE_INVALID, net("HcnCloseService", registration, NULL, NULL, NULL, NULL));
    EXPECT(HANDLE_INVALID, net("HcnUnregisterServiceCallback", service, NULL, NULL, NULL, NULL));

    /* Guests' networks are not there, and say so in a record. */
    EXPECT_RECORD(NOT_IMPLEMENTED, net("HcnCreateGuestNetworkService", &none, L"{}", &out, &record, NULL));
    EXPECT_RECORD(NOT_IMPLEMENTED, net("HcnModifyGuestNetworkService", NULL, L"{}", &record, NULL, NULL));
    EXPECT_RECORD(NOT_IMPLEMENTED, net("HcnDeleteGuestNetworkService", &none, &record, NULL, NULL, NULL));
    EXPECT_RECORD(NOT_IMPLEMENTED, net("HcnQueryEndpointAddresses", made[1], L"", &text, &record, NULL));
    EXPECT(NOT_IMPLEMENTED, net("HcnCloseGuestNetworkService", NULL, NULL, NULL, NULL, NULL));
    EXPECT(NOT_IMPLEMENTED, net("HcnReserveGuestNetworkServicePort", NULL, NULL, NULL, NULL, NULL));

    /* HNS v1: a request that makes no sense is an answer, a call that makes none is not. */
    EXPECT(POINTER_INVALID, net("HNSCall", L"GET", L"/networks/", L"", NULL, NULL));
    EXPECT(ARGUMENT_INVALID, net("HNSCall", NULL, L"/networks/", L"", &text, NULL));
    EXPECT(ARGUMENT_INVALID, net("HNSCall", L"GET", NULL, L"", &text, NULL));
    EXPECT(ARGUMENT_INVALID, net("HNSCall", L"GET", L"/networks/\xd800", L"", &text, NULL));
    CHECK(!text);
    static const PCWSTR requests[][3] = {
        { L"DELETE", L"/networks/", L"" }, { L"P T", L"/networks/?a&b=/../%2f", L"" }, { L"POST", L"/networks/", L"{" },
        { L"", L"", L"" }, { L"GET", L"/networks/no guid", L"" },
    };
    for (unsigned i = 0; i < sizeof(requests) / sizeof(*requests); i++)
    {
        EXPECT(S_OK, net("HNSCall", requests[i][0], requests[i][1], requests[i][2], &text, NULL));
        CHECK(text && wcsstr(text, L"\"Success\":false"));
        free_text(text);
    }

    /* Ids and places at odd addresses. */
    GUID of_endpoint = guid(endpoint);
    memcpy(bytes + 1, &of_endpoint, sizeof(of_endpoint));
    EXPECT(S_OK, net("HcnOpenEndpoint", bytes + 1, bytes + 25, bytes + 41, NULL, NULL));
    memcpy(&out, bytes + 25, sizeof(out));
    EXPECT(S_OK, net("HcnCloseEndpoint", out, NULL, NULL, NULL, NULL));

    /* Handles: null, made up, the kernel's, closed, of another kind. */
    HANDLE event = CreateEventW(NULL, TRUE, FALSE, NULL);
    HCS wrong[] = { NULL, (HCS)1, (HCS)-1, (HCS)0x1234567890, event, out, service, registration };
    for (int kind = 0; kind < KINDS; kind++)
    {
        for (unsigned i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) with_handle(wrong[i], kind);
        for (int other = 0; other < KINDS; other++) if (other != kind) with_handle(made[other], kind);
    }
    CHECK(WaitForSingleObject(event, 0) == WAIT_TIMEOUT && CloseHandle(event));
    for (int kind = 0; kind < KINDS; kind++)
    {
        closed[kind] = made[kind];
        EXPECT(S_OK, net(of("Close", kind, ""), made[kind], NULL, NULL, NULL, NULL));
        with_handle(closed[kind], kind);
    }
    EXPECT(S_OK, net("HcnUnregisterServiceCallback", registration, NULL, NULL, NULL, NULL));
    EXPECT(HANDLE_INVALID, net("HcnUnregisterServiceCallback", registration, NULL, NULL, NULL, NULL));
    EXPECT(S_OK, net("HcnCloseService", service, NULL, NULL, NULL, NULL));
    EXPECT(HANDLE_INVALID, net("HcnCloseService", service, NULL, NULL, NULL, NULL));
    puts("done");
    return 0;
}
