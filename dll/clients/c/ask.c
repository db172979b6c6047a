/* Lists systems, as often as lines come in; prints each code, and the document beside a failure. With an id as argument
 * it holds a handle of that system meanwhile, and says what becomes of it. */
#include "client.h"

int wmain(int argc, WCHAR **argv)
{
    char line[16];
    WATCH *watch = NULL;
    HCS system = NULL;
    if (argc > 1)
    {
        system = create(argv[1], variable(L"HCS_TEST_DOCUMENT"), &watch);
        start(system, watch);
    }
    do
    {
        PWSTR text = NULL, result = NULL;
        HRESULT hr = call("HcsEnumerateComputeSystems", L"", &text, &result, NULL, NULL);
        printf("0x%08lX %ls\n", (long)hr, hr ? result : text);
        fflush(stdout);
        free_text(hr ? result : text);
    } while (fgets(line, sizeof(line), stdin));
    if (watch)
    {
        /* The service is gone, and the handle with it; another is had by the id. */
        HCS again = NULL;
        PWSTR result = NULL;
        wait_for(watch, 0x01000000);
        HRESULT hr = call("HcsStartComputeSystem", system, L"", &result, NULL, NULL);
        printf("0x%08lX\n", (long)hr);
        free_text(result);
        UNWATCH_SYSTEM(watch);
        EXPECT(S_OK, call("HcsCloseComputeSystem", system, NULL, NULL, NULL, NULL));
        EXPECT(S_OK, call("HcsOpenComputeSystem", argv[1], &again, NULL, NULL, NULL));
        EXPECT(S_OK, call("HcsCloseComputeSystem", again, NULL, NULL, NULL, NULL));
    }
    puts("done");
    return 0;
}
