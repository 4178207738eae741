/* The least a server can do: one thread, epoll, keep-alive, the same bytes for
 * everybody. What another server costs above this is what it does. `floor PORT SIZE`:
 * each answer is SIZE bytes long, head included. It looks for the end of each head and
 * at nothing else. */

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CLIENTS = 4096, INPUT = 16384 };

static unsigned
    matched[CLIENTS]; /* bytes of the blank line seen so far, by descriptor */

static char *canned(size_t size)
{
    char head[128], *answer = calloc(1, size + 1);
    size_t body = size > 96 ? size - 96 : 0;
    int n = 0;
    for (int pass = 0; pass < 3; pass++) { /* the length's own digits count */
        n = snprintf(head, sizeof head,
                     "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                     "Content-Length: %zu\r\n\r\n",
                     body);
        body = size > (size_t)n ? size - (size_t)n : 0;
    }
    if (!answer || (size_t)n > size)
        exit(2);
    memset(answer, ' ', size);
    memcpy(answer, head, (size_t)n);
    return answer;
}

static int listen_on(int port)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    int yes = 1, fd = socket(AF_INET, SOCK_STREAM, 0);
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(fd, (struct sockaddr *)&at, sizeof at) || listen(fd, 511)) {
        perror("floor");
        exit(1);
    }
    return fd;
}

static void accept_one(int epoll, int listener)
{
    int yes = 1, fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
    if (fd < 0)
        return;
    if (fd >= CLIENTS) {
        close(fd);
        return;
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    matched[fd] = 0;
    epoll_ctl(epoll, EPOLL_CTL_ADD, fd,
              &(struct epoll_event){.events = EPOLLIN, .data.fd = fd});
}

/* How many heads end in these bytes. */
static int heads(int fd, const char *p, size_t n)
{
    static const char end[] = "\r\n\r\n";
    int found = 0;
    for (size_t i = 0; i < n; i++) {
        matched[fd] = p[i] == end[matched[fd]] ? matched[fd] + 1 : p[i] == '\r';
        if (matched[fd] == 4) {
            matched[fd] = 0;
            found++;
        }
    }
    return found;
}

static void serve(int fd, const char *answer, size_t size)
{
    static char in[INPUT];
    ssize_t n = recv(fd, in, sizeof in, 0);
    bool alive = n > 0;
    for (int i = alive ? heads(fd, in, (size_t)n) : 0; i > 0; i--)
        alive = alive && send(fd, answer, size, MSG_NOSIGNAL) == (ssize_t)size;
    if (!alive)
        close(fd);
}

int main(int argc, char **argv)
{
    if (argc != 3)
        return 2;
    size_t size = (size_t)strtoul(argv[2], NULL, 10);
    char *answer = canned(size);
    int epoll = epoll_create1(0), listener = listen_on(atoi(argv[1]));
    struct epoll_event events[64], ours = {.events = EPOLLIN, .data.fd = listener};
    epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &ours);
    for (;;) {
        int n = epoll_wait(epoll, events, 64, -1);
        for (int i = 0; i < n; i++) {
            if (events[i].data.fd == listener)
                accept_one(epoll, listener);
            else
                serve(events[i].data.fd, answer, size);
        }
    }
}
