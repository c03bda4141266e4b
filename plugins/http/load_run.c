#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "clock.h"
#include "load.h"
#include "say/say.h"
#include "transfer/transfer.h"

#define EVENTS      256
#define CANCEL_FD   (-2) /* in an epoll event, instead of a socket */
#define LONGEST_NAP 100.0
#define SOCKETS     1024

/* A user: one request at a time, on a connection of its own. */
typedef struct user {
    CURL *easy;
    size_t request; /* the one that its handle is set up for */
    bool busy, set_up;
    double due; /* when the request should have been sent */
} user;

typedef struct load_loop {
    const load_plan *p;
    belay_ctx *c;
    const belay_host *h;
    load_tally *t;
    CURLM *multi;
    int epoll;
    double start, timer; /* ms; timer: when curl wants to be called, or -1 */
    user *users;
    unsigned begun, in_flight;  /* users that were ever asked to send; requests under way */
    unsigned *idle, idle_count; /* free users: at a rate a stack, else a ring of those that think */
    unsigned idle_first;
    uint64_t sent;   /* at a rate: how many of the due ones */
    unsigned second; /* the one that runs */
    uint64_t random;
    bool cancelled;
    unsigned char watched[SOCKETS]; /* CURL_POLL_* */
} load_loop;

/* ---- curl's side of the loop ------------------------------------------------------------------------------------- */

/* What curl no longer asks for is taken out at once: its resolver closes a socket by itself, without on_close(), and
 * the number may come back as another socket's. */
static int on_socket(CURL *easy, curl_socket_t fd, int what, void *user_data, void *known)
{
    load_loop *l = user_data;
    (void)easy;
    (void)known;
    if (fd >= SOCKETS)
        return -1; /* cannot be: a worker may have 1024 descriptors */
    unsigned char wanted = what == CURL_POLL_REMOVE ? 0 : (unsigned char)what;
    if (l->watched[fd] == wanted)
        return 0;
    struct epoll_event event = {
        .events = (wanted & CURL_POLL_IN ? EPOLLIN : 0u) | (wanted & CURL_POLL_OUT ? EPOLLOUT : 0u), .data.fd = fd};
    int how = !wanted ? EPOLL_CTL_DEL : l->watched[fd] ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
    int r = epoll_ctl(l->epoll, how, fd, &event);
    l->watched[fd] = r == 0 ? wanted : 0;
    return wanted ? r : 0; /* a socket that is closed is out already */
}

/* The number may come back as another socket's. */
static int on_close(void *user_data, curl_socket_t fd)
{
    load_loop *l = user_data;
    if (fd < SOCKETS)
        l->watched[fd] = 0;
    return close(fd);
}

static int on_timer(CURLM *multi, long ms, void *user_data)
{
    load_loop *l = user_data;
    (void)multi;
    l->timer = ms < 0 ? -1 : now_ms() + (double)ms;
    return 0;
}

static size_t swallow(char *bytes, size_t size, size_t count, void *user_data)
{
    (void)bytes;
    (void)user_data;
    return size * count;
}

/* ---- sending ----------------------------------------------------------------------------------------------------- */

/* xorshift64 (Marsaglia, 2003), always from the same seed: two runs send the same requests in the same order. */
static size_t pick(load_loop *l)
{
    if (l->p->count == 1)
        return 0;
    l->random ^= l->random << 13;
    l->random ^= l->random >> 7;
    l->random ^= l->random << 17;
    unsigned at = (unsigned)(l->random % l->p->total_weight);
    size_t i = 0;
    while (at >= l->p->requests[i].weight)
        at -= l->p->requests[i++].weight;
    return i;
}

static void set_up_user(load_loop *l, user *u)
{
    curl_easy_setopt(u->easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(u->easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(u->easy, CURLOPT_TIMEOUT_MS, l->p->timeout_ms);
    curl_easy_setopt(u->easy, CURLOPT_WRITEFUNCTION, swallow);
    curl_easy_setopt(u->easy, CURLOPT_PRIVATE, u);
    curl_easy_setopt(u->easy, CURLOPT_USERAGENT, "belay");
    curl_easy_setopt(u->easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(u->easy, CURLOPT_FORBID_REUSE, l->p->keep_alive ? 0L : 1L);
    curl_easy_setopt(u->easy, CURLOPT_CLOSESOCKETFUNCTION, on_close);
    curl_easy_setopt(u->easy, CURLOPT_CLOSESOCKETDATA, l);
    if (l->p->ca_file)
        curl_easy_setopt(u->easy, CURLOPT_CAINFO, l->p->ca_file);
    u->set_up = true;
}

static void set_up_request(user *u, const load_request *r)
{
    curl_easy_setopt(u->easy, CURLOPT_URL, r->url);
    curl_easy_setopt(u->easy, CURLOPT_PROXY, r->loopback ? "" : NULL); /* NULL: as the environment says */
    curl_easy_setopt(u->easy, CURLOPT_HTTPHEADER, r->headers);
    curl_easy_setopt(u->easy, CURLOPT_POSTFIELDS, r->body);
    if (!r->body)
        curl_easy_setopt(u->easy, CURLOPT_HTTPGET, 1L);
    curl_easy_setopt(u->easy, CURLOPT_CUSTOMREQUEST, r->method);
}

static void send_one(load_loop *l, user *u, double due)
{
    size_t request = pick(l);
    if (!u->set_up)
        set_up_user(l, u);
    else if (request == u->request)
        request = SIZE_MAX; /* the handle is as it must be */
    if (request != SIZE_MAX) {
        set_up_request(u, &l->p->requests[request]);
        u->request = request;
    }
    u->due = due;
    u->busy = true;
    l->in_flight++;
    l->t->started++;
    curl_multi_add_handle(l->multi, u->easy);
}

/* ---- when -------------------------------------------------------------------------------------------------------- */

static bool is_over(const load_loop *l, double now)
{
    return now - l->start >= l->p->duration_ms;
}

static void put_idle(load_loop *l, unsigned who)
{
    l->idle[(l->idle_first + l->idle_count++) % l->p->users] = who;
}

static unsigned take_idle(load_loop *l)
{
    unsigned who = l->idle[l->idle_first];
    l->idle_first = (l->idle_first + 1) % l->p->users;
    l->idle_count--;
    return who;
}

/* The open model: what is due is sent as soon as a connection is free, and was due when it was due. Gives when to look
 * again. */
static double start_at_rate(load_loop *l, double now)
{
    for (;;) {
        double due = l->start + load_pace_due(l->p, l->sent);
        if (due > now)
            return due;
        if (l->idle_count == 0 && l->begun == l->p->users)
            return now + LONGEST_NAP; /* the next answer makes room */
        /* A used connection before a new one. */
        unsigned who = l->idle_count ? take_idle(l) : l->begun++;
        send_one(l, &l->users[who], due);
        l->sent++;
    }
}

/* The closed model: users begin one after another while ramping up, and send again after they have thought. */
static double start_users(load_loop *l, double now)
{
    double next = now + LONGEST_NAP;
    while (l->begun < l->p->users) {
        double begin = l->start + load_pace_user(l->p, l->begun);
        if (begin > now) {
            next = begin < next ? begin : next;
            break;
        }
        send_one(l, &l->users[l->begun++], now);
    }
    while (l->idle_count) {
        double ready = l->users[l->idle[l->idle_first]].due; /* when the thinking ends */
        if (ready > now)
            return ready < next ? ready : next;
        send_one(l, &l->users[take_idle(l)], now);
    }
    return next;
}

/* ---- answers ----------------------------------------------------------------------------------------------------- */

static const char *kind_of(CURLcode code, char buffer[48])
{
    switch (code) {
    case CURLE_COULDNT_CONNECT: return "connection refused";
    case CURLE_OPERATION_TIMEDOUT: return "timed out";
    case CURLE_COULDNT_RESOLVE_HOST: return "name not resolved";
    case CURLE_GOT_NOTHING:
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
    case CURLE_PARTIAL_FILE: return "connection closed";
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CONNECT_ERROR: return "TLS refused";
    default: snprintf(buffer, 48, "%.47s", curl_easy_strerror(code)); return buffer;
    }
}

static void take_answer(load_loop *l, user *u, CURLcode code, double now)
{
    long status = 0;
    char buffer[48];
    curl_easy_getinfo(u->easy, CURLINFO_RESPONSE_CODE, &status);
    if (code != CURLE_OK) {
        load_tally_error(l->t, u->request, kind_of(code, buffer), 1, false);
        return;
    }
    load_tally_answer(l->t, u->request, (uint64_t)((now - u->due) * 1000.0));
    if (status >= 100 && status < 600 && l->p->requests[u->request].good[status])
        return;
    snprintf(buffer, sizeof buffer, "HTTP %ld", status);
    load_tally_error(l->t, u->request, buffer, 1, true);
}

static void collect(load_loop *l)
{
    int left = 0;
    for (CURLMsg *m = curl_multi_info_read(l->multi, &left); m; m = curl_multi_info_read(l->multi, &left)) {
        user *u = NULL;
        CURLcode code = m->data.result;
        CURL *easy = m->easy_handle;
        double now = now_ms();
        curl_easy_getinfo(easy, CURLINFO_PRIVATE, &u);
        take_answer(l, u, code, now);
        curl_multi_remove_handle(l->multi, easy);
        u->busy = false;
        u->due = now + l->p->think_ms;
        l->in_flight--;
        put_idle(l, (unsigned)(u - l->users));
    }
}

/* ---- the loop ---------------------------------------------------------------------------------------------------- */

static void wait_for_events(load_loop *l, double until)
{
    struct epoll_event events[EVENTS];
    double now = now_ms(), ms = (l->timer >= 0 && l->timer < until ? l->timer : until) - now;
    struct timespec limit = {0};
    if (ms > 0) {
        limit.tv_sec = (time_t)(ms / 1000);
        limit.tv_nsec = (long)((ms - (double)limit.tv_sec * 1000) * 1e6);
    }
    int n = epoll_pwait2(l->epoll, events, EVENTS, &limit, NULL), running = 0;
    if (n < 0 && errno == ENOSYS) /* before Linux 5.11 */
        n = epoll_wait(l->epoll, events, EVENTS, ms > 0 ? (int)ms + 1 : 0);
    for (int i = 0; i < n; i++) {
        if (events[i].data.fd == CANCEL_FD) {
            l->cancelled = true;
            continue;
        }
        if (!l->watched[events[i].data.fd])
            continue; /* curl let go of it in this round */
        int mask = (events[i].events & EPOLLIN ? CURL_CSELECT_IN : 0) |
                   (events[i].events & EPOLLOUT ? CURL_CSELECT_OUT : 0) |
                   (events[i].events & (EPOLLERR | EPOLLHUP) ? CURL_CSELECT_ERR : 0);
        curl_multi_socket_action(l->multi, events[i].data.fd, mask, &running);
        collect(l); /* at once: what comes after in this round must not count as this answer's time */
    }
    if (l->timer >= 0 && l->timer <= now_ms()) {
        l->timer = -1;
        curl_multi_socket_action(l->multi, CURL_SOCKET_TIMEOUT, 0, &running);
        collect(l);
    }
}

/* Once a second: its line, the progress, and whether there are too many errors. */
static bool end_second(load_loop *l, double now)
{
    if (now - l->start < (l->second + 1) * 1000.0)
        return true;
    uint64_t ended = l->t->second.ended, errors = l->t->second.errors;
    load_tally_second(l->t, l->second++, l->in_flight);
    l->h->progress(l->c, (uint64_t)(now - l->start), (uint64_t)l->p->duration_ms, "ms");
    return !l->p->stop_at || ended < 20 || errors * 100 < ended * l->p->stop_at;
}

/* At a rate: what was due by the end and never sent is no success. */
static void count_unsent(load_loop *l)
{
    uint64_t due = l->p->rate > 0 ? load_pace_count(l->p, l->p->duration_ms) : 0;
    if (due > l->sent)
        load_tally_error(l->t, LOAD_NO_REQUEST, "not sent: all connections were busy", due - l->sent, false);
}

static belay_status loop(load_loop *l)
{
    double last = l->p->duration_ms + (double)l->p->timeout_ms + 1000.0; /* no request lives longer */
    for (;;) {
        double now = now_ms(), next = now + LONGEST_NAP;
        bool over = is_over(l, now);
        if (over && (l->in_flight == 0 || now - l->start > last))
            break;
        if (!over)
            next = l->p->rate > 0 ? start_at_rate(l, now) : start_users(l, now);
        double end = l->start + l->p->duration_ms;
        wait_for_events(l, !over && next > end ? end : next);
        if (l->cancelled)
            return BELAY_E_CANCELLED;
        if (!end_second(l, now_ms())) {
            guard_mem char *errors = load_tally_errors(l->t);
            return say(l->c, l->h, BELAY_E_FAIL, NULL, "ended in second %u, with %u %% errors or more in it: %s",
                       l->second, l->p->stop_at, errors);
        }
    }
    count_unsent(l);
    return BELAY_OK;
}

static belay_status open_loop(load_loop *l)
{
    struct epoll_event cancel = {.events = EPOLLIN, .data.fd = CANCEL_FD};
    l->users = text_grow(NULL, l->p->users, sizeof *l->users);
    l->idle = text_grow(NULL, l->p->users, sizeof *l->idle);
    memset(l->users, 0, l->p->users * sizeof *l->users);
    l->multi = curl_multi_init();
    l->epoll = epoll_create1(EPOLL_CLOEXEC);
    bool good = l->multi && l->epoll >= 0 && epoll_ctl(l->epoll, EPOLL_CTL_ADD, l->h->cancel_fd(l->c), &cancel) == 0;
    for (unsigned i = 0; i < l->p->users && good; i++)
        good = (l->users[i].easy = curl_easy_init()) != NULL;
    if (!good)
        return say(l->c, l->h, BELAY_E_RETRY, NULL, "cannot prepare %u connections: %s", l->p->users, strerror(errno));
    curl_multi_setopt(l->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    curl_multi_setopt(l->multi, CURLMOPT_SOCKETDATA, l);
    curl_multi_setopt(l->multi, CURLMOPT_TIMERFUNCTION, on_timer);
    curl_multi_setopt(l->multi, CURLMOPT_TIMERDATA, l);
    curl_multi_setopt(l->multi, CURLMOPT_MAXCONNECTS, (long)l->p->users);
    return BELAY_OK;
}

static void close_loop(load_loop *l)
{
    for (unsigned i = 0; i < l->p->users; i++) {
        if (l->users[i].busy)
            curl_multi_remove_handle(l->multi, l->users[i].easy);
        curl_easy_cleanup(l->users[i].easy);
    }
    curl_multi_cleanup(l->multi);
    if (l->epoll >= 0)
        close(l->epoll);
    free(l->users);
    free(l->idle);
}

belay_status load_run(const load_plan *p, belay_ctx *c, const belay_host *h, load_tally *t, double *ret_seconds)
{
    transfer_charset charset = transfer_charset_begin();
    load_loop l = {.p = p, .c = c, .h = h, .t = t, .epoll = -1, .timer = -1, .random = 88172645463325252ull};
    belay_status s = open_loop(&l);
    l.start = now_ms();
    if (s == BELAY_OK)
        s = loop(&l);
    *ret_seconds = (now_ms() - l.start) / 1000.0;
    if (t->second.ended)
        load_tally_second(t, l.second, l.in_flight);
    close_loop(&l);
    transfer_charset_end(charset);
    return s;
}
