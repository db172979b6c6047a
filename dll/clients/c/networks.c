/* A NAT network, its endpoint, a namespace, a load balancer and a route, as the Go library's clients lead their lives: by
 * computenetwork.dll, and the same objects by HNSCall of vmcompute.dll. */
#include "network.h"

static const GUID none;
static PCWSTR query = L"{\"SchemaVersion\":{\"Major\":2,\"Minor\":0}}";

static PWSTR properties(const char *name, HCS object)
{
    PWSTR text = NULL;
    EXPECT_RECORD(S_OK, net(name, object, query, &text, &record, NULL));
    CHECK(text && *text == L'{');
    return text;
}

static PWSTR hns(PCWSTR method, PCWSTR path, PCWSTR object)
{
    PWSTR response = (PWSTR)1;
    EXPECT(S_OK, net("HNSCall", method, path, object, &response, NULL));
    CHECK(response && *response == L'{');
    return response;
}

/* A list that has this id and no other, or none. */
static void listed(const char *name, PCWSTR filter, PCWSTR id)
{
    WCHAR wanted[64];
    PWSTR list = NULL;
    if (id) swprintf(wanted, 64, L"[\"%ls\"]", id); else wcscpy(wanted, L"[]");
    EXPECT_RECORD(S_OK, net(name, filter, &list, &record, NULL, NULL));
    CHECK(list);
    if (wcscmp(list, wanted)) printf("%s: %ls is not %ls\n", name, list, wanted);
    CHECK(!wcscmp(list, wanted));
    free_text(list);
}

/* A failure is an answer of HNS v1, too. */
static void first_api(PCWSTR network, PCWSTR endpoint)
{
    WCHAR path[128];
    PWSTR text = hns(L"GET", L"/globals/version", L"");
    CHECK(wcsstr(text, L"\"Success\":true") && wcsstr(text, L"\"Major\":15"));
    free_text(text);
    swprintf(path, 128, L"/networks/%ls", network);
    text = hns(L"GET", path, L"");
    CHECK(wcsstr(text, L"\"Success\":true") && wcsstr(text, L"\"AddressPrefix\":\"192.168.100.0/24\""));
    free_text(text);
    swprintf(path, 128, L"/endpoints/%ls", endpoint);
    text = hns(L"GET", path, NULL);
    CHECK(wcsstr(text, network) && wcsstr(text, L"\"IPAddress\":\"192.168.100.2\""));
    free_text(text);
    text = hns(L"GET", L"/namespaces/7e1f0a5c-9c1d-4e44-8d5a-0c0ffee00001", L"");
    CHECK(wcsstr(text, L"\"Success\":false") && wcsstr(text, L"Element not found."));
    free_text(text);
    text = hns(L"POST", L"/namespaces/", L"{}");
    PWSTR made = member(text, L"ID");
    free_text(text);
    swprintf(path, 128, L"/namespaces/%ls", made);
    text = hns(L"DELETE", path, L"");
    CHECK(wcsstr(text, L"\"Success\":true"));
    free_text(text);
    free(made);
}

static void in_namespace(HCS space, PCWSTR endpoint, PCWSTR request)
{
    WCHAR settings[256];
    swprintf(settings, 256, L"{\"ResourceType\":\"Endpoint\",\"RequestType\":\"%ls\",\"Settings\":{\"EndpointId\":\"%ls\"}}",
             request, endpoint);
    EXPECT_RECORD(S_OK, net("HcnModifyNamespace", space, settings, &record, NULL, NULL));
    PWSTR text = properties("HcnQueryNamespaceProperties", space);
    CHECK(!wcsstr(text, endpoint) == !wcscmp(request, L"Remove"));
    free_text(text);
}

int wmain(void)
{
    WATCH *watch = calloc(1, sizeof(*watch));
    HCS service = NULL, network = NULL, again = NULL, endpoint = NULL, space = NULL, balancer = NULL, route = NULL;
    WCHAR text[512];
    PWSTR found;
    for (int i = 0; i < 32; i++) CHECK(watch->arrived[i] = CreateEventW(NULL, FALSE, FALSE, NULL));
    EXPECT_RECORD(S_OK, net("HcnOpenService", &service, &record, NULL, NULL, NULL));
    EXPECT(S_OK, net("HcnRegisterServiceCallback", arrive, watch, &watch->registration, NULL, NULL));
    CHECK(service && watch->registration);

    /* The document has what Go's encoder does not leave out. */
    EXPECT_RECORD(S_OK, net("HcnCreateNetwork", &none,
        L"{\"Name\":\"GoTestNat\",\"Type\":\"NAT\",\"MacPool\":{\"Ranges\":[{\"StartMacAddress\":\"00-15-5D-52-C0-00\","
        L"\"EndMacAddress\":\"00-15-5D-52-CF-FF\"}]},\"Dns\":{},\"Ipams\":[{\"Type\":\"Static\",\"Subnets\":[{"
        L"\"IpAddressPrefix\":\"192.168.100.0/24\",\"Routes\":[{\"NextHop\":\"192.168.100.1\","
        L"\"DestinationPrefix\":\"0.0.0.0/0\"}]}]}],\"Health\":{\"Extra\":{}},\"SchemaVersion\":{\"Major\":2,\"Minor\":0}}",
        &network, &record, NULL));
    CHECK(network);
    EXPECT(S_OK, wait_for(watch, 2));
    found = properties("HcnQueryNetworkProperties", network);
    CHECK(wcsstr(found, L"\"Type\":\"NAT\"") && wcsstr(found, L"GoTestNat"));
    PWSTR network_id = member(found, L"ID");
    free_text(found);
    GUID of_network = guid(network_id);
    listed("HcnEnumerateNetworks", L"{\"Filter\":\"{\\\"Name\\\":\\\"GoTestNat\\\"}\"}", network_id);
    listed("HcnEnumerateNetworks", L"{\"Filter\":\"{\\\"Name\\\":\\\"Not found name\\\"}\"}", NULL);
    EXPECT_RECORD(S_OK, net("HcnModifyNetwork", network,
        L"{\"ResourceType\":\"Policy\",\"RequestType\":\"Add\",\"Settings\":{\"Policies\":[{\"Type\":\"HostRoute\","
        L"\"Settings\":{}}]}}", &record, NULL, NULL));

    EXPECT_RECORD(S_OK, net("HcnOpenNetwork", &of_network, &again, &record, NULL, NULL));
    CHECK(again && again != network);
    swprintf(text, 512, L"{\"Name\":\"GoTestNatEndpoint\",\"HostComputeNetwork\":\"%ls\",\"Dns\":{},"
             L"\"SchemaVersion\":{\"Major\":2,\"Minor\":0}}", network_id);
    EXPECT_RECORD(S_OK, net("HcnCreateEndpoint", again, &none, text, &endpoint, &record));
    EXPECT(S_OK, net("HcnCloseNetwork", again, NULL, NULL, NULL, NULL));
    found = properties("HcnQueryEndpointProperties", endpoint);
    CHECK(wcsstr(found, network_id) && wcsstr(found, L"192.168.100.2"));
    PWSTR endpoint_id = member(found, L"ID");
    free_text(found);
    GUID of_endpoint = guid(endpoint_id);
    EXPECT_RECORD(S_OK, net("HcnModifyEndpoint", endpoint,
        L"{\"ResourceType\":\"Policy\",\"RequestType\":\"Update\",\"Settings\":{\"Policies\":[{\"Type\":\"ACL\",\"Settings\":{"
        L"\"Protocols\":\"6\",\"Action\":\"Allow\",\"Direction\":\"In\",\"RuleType\":\"Switch\",\"Priority\":200}}]}}",
        &record, NULL, NULL));
    found = NULL;
    EXPECT_RECORD(S_OK, net("HcnQueryEndpointStats", endpoint, L"", &found, &record, NULL));
    CHECK(found && wcsstr(found, L"\"BytesReceived\":") && wcsstr(found, endpoint_id));
    free_text(found);

    /* The id that is asked for. */
    GUID of_space = guid(L"00112233-4455-6677-8899-AABBCCDDEEFF");
    EXPECT_RECORD(S_OK, net("HcnCreateNamespace", &of_space, L"{\"Type\":\"HostDefault\",\"NamespaceId\":5}", &space,
                            &record, NULL));
    EXPECT(S_OK, wait_for(watch, 5));
    listed("HcnEnumerateNamespaces", L"{\"Filter\":\"{\\\"ID\\\":\\\"00112233-4455-6677-8899-AABBCCDDEEFF\\\"}\"}",
           L"00112233-4455-6677-8899-aabbccddeeff");
    in_namespace(space, endpoint_id, L"Add");
    in_namespace(space, endpoint_id, L"Remove");
    in_namespace(space, endpoint_id, L"Add");
    first_api(network_id, endpoint_id);

    swprintf(text, 512, L"{\"HostComputeEndpoints\":[\"%ls\"],\"SourceVIP\":\"10.0.0.1\",\"FrontendVIPs\":[\"1.1.1.2\"],"
             L"\"PortMappings\":[{\"Protocol\":6,\"InternalPort\":8080,\"ExternalPort\":8090}]}", endpoint_id);
    EXPECT_RECORD(S_OK, net("HcnCreateLoadBalancer", &none, text, &balancer, &record, NULL));
    EXPECT_RECORD(S_OK, net("HcnModifyLoadBalancer", balancer, text, &record, NULL, NULL));
    found = properties("HcnQueryLoadBalancerProperties", balancer);
    PWSTR balancer_id = member(found, L"ID");
    free_text(found);
    GUID of_balancer = guid(balancer_id);
    swprintf(text, 512, L"{\"ID\":\"ffeeddcc-bbaa-9988-7766-554433221100\",\"HostComputeEndpoints\":[\"%ls\"],\"Setting\":"
             L"[{\"DestinationPrefix\":\"169.254.169.254/24\",\"NextHop\":\"127.10.0.34\"}]}", endpoint_id);
    EXPECT_RECORD(S_OK, net("HcnCreateSdnRoute", &none, text, &route, &record, NULL));
    GUID of_route = guid(L"ffeeddcc-bbaa-9988-7766-554433221100");
    found = properties("HcnQuerySdnRouteProperties", route);
    CHECK(wcsstr(found, L"127.10.0.34"));
    free_text(found);
    EXPECT_RECORD(NOT_IMPLEMENTED, net("HcnModifySdnRoute", route, text, &record, NULL, NULL));

    /* Open handles keep nothing from being deleted, and are closed as ever. */
    EXPECT_RECORD(S_OK, net("HcnDeleteSdnRoute", &of_route, &record, NULL, NULL, NULL));
    EXPECT_RECORD(S_OK, net("HcnDeleteLoadBalancer", &of_balancer, &record, NULL, NULL, NULL));
    EXPECT_RECORD(S_OK, net("HcnDeleteNamespace", &of_space, &record, NULL, NULL, NULL));
    EXPECT(S_OK, wait_for(watch, 6));
    EXPECT_RECORD(S_OK, net("HcnDeleteEndpoint", &of_endpoint, &record, NULL, NULL, NULL));
    EXPECT_RECORD(S_OK, net("HcnDeleteNetwork", &of_network, &record, NULL, NULL, NULL));
    EXPECT(S_OK, wait_for(watch, 4));
    EXPECT_RECORD(NOT_FOUND, net("HcnQueryNetworkProperties", network, query, &found, &record, NULL));
    EXPECT_RECORD(NOT_FOUND, net("HcnOpenNamespace", &of_space, &space, &record, NULL, NULL));
    CHECK(!space);
    EXPECT_RECORD(NOT_FOUND, net("HcnDeleteEndpoint", &of_endpoint, &record, NULL, NULL, NULL));
    EXPECT(S_OK, net("HcnCloseNetwork", network, NULL, NULL, NULL, NULL));
    EXPECT(S_OK, net("HcnCloseEndpoint", endpoint, NULL, NULL, NULL, NULL));
    EXPECT(S_OK, net("HcnCloseLoadBalancer", balancer, NULL, NULL, NULL, NULL));
    EXPECT(S_OK, net("HcnCloseSdnRoute", route, NULL, NULL, NULL, NULL));
    UNWATCH_SERVICE(watch);
    EXPECT(S_OK, net("HcnCloseService", service, NULL, NULL, NULL, NULL));
    puts("done");
    return 0;
}
