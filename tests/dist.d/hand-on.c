/* A stand-in for docker.exe or ssh.exe under Wine, where there is neither: it hands its name, its arguments and its standard
 * input on to tests/dist.d/hand-on, which runs the real program of this machine, and says what that says. Only for
 * tests/dist.d/windows. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <winsock2.h>
#include <fcntl.h>
#include <io.h>

int _dowildcard = 0; /* an argument stays as it is */

static SOCKET other;

static void all(const char *bytes, int length) {
    while (length > 0) {
        int sent = send(other, bytes, length, 0);
        if (sent <= 0) exit(125);
        bytes += sent;
        length -= sent;
    }
}

static void whole(char *bytes, int length) {
    while (length > 0) {
        int got = recv(other, bytes, length, 0);
        if (got <= 0) exit(125);
        bytes += got;
        length -= got;
    }
}

static void number(unsigned value) {
    unsigned wire = htonl(value);
    all((char *)&wire, 4);
}

int main(int count, char **words) {
    static char buffer[65536];
    WSADATA started;
    struct sockaddr_in there = {0};
    _setmode(0, _O_BINARY);
    _setmode(1, _O_BINARY);
    _setmode(2, _O_BINARY);
    WSAStartup(MAKEWORD(2, 2), &started);
    other = socket(AF_INET, SOCK_STREAM, 0);
    there.sin_family = AF_INET;
    there.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    there.sin_port = htons(4711);
    if (connect(other, (struct sockaddr *)&there, sizeof there) != 0) return 125;
    number(count);
    for (int i = 0; i < count; i++) {
        number(strlen(words[i]));
        all(words[i], strlen(words[i]));
    }
    for (int got; (got = read(0, buffer, sizeof buffer)) > 0;) all(buffer, got);
    shutdown(other, SD_SEND);
    for (;;) {
        char head[5];
        unsigned wire, length;
        whole(head, 5);
        memcpy(&wire, head + 1, 4);
        length = ntohl(wire);
        if (head[0] == 'x') return (int)length;
        while (length > 0) {
            int part = length < sizeof buffer ? (int)length : (int)sizeof buffer;
            whole(buffer, part);
            for (int done = 0, put; done < part; done += put)
                if ((put = write(head[0] == 'o' ? 1 : 2, buffer + done, part - done)) <= 0) return 125;
            length -= part;
        }
    }
}
