/* A web server for one word: answers each connection on the port of its argument with "hello from Windows". */
#include <stdlib.h>
#include <string.h>
#include <winsock2.h>

int main(int argc, char **argv)
{
    static const char answer[] = "HTTP/1.0 200 OK\r\nContent-Length: 18\r\n\r\nhello from Windows";
    struct sockaddr_in address = { .sin_family = AF_INET };
    WSADATA data;
    char request[4096];

    if (argc != 2 || WSAStartup(MAKEWORD(2, 2), &data))
        return 2;
    SOCKET server = socket(AF_INET, SOCK_STREAM, 0);
    address.sin_port = htons((unsigned short)atoi(argv[1]));
    if (bind(server, (struct sockaddr *)&address, sizeof address) || listen(server, 16))
        return 3;
    for (;;) {
        SOCKET client = accept(server, NULL, NULL);
        if (client == INVALID_SOCKET)
            return 4;
        recv(client, request, sizeof request, 0);
        send(client, answer, (int)strlen(answer), 0);
        closesocket(client);
    }
}
