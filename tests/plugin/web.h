/** @file web.h  A small HTTP server on loopback for tests: a child process that answers by path. */
#ifndef TESTS_PLUGIN_WEB_H
#define TESTS_PLUGIN_WEB_H

/** What to answer to a request; the answer is whole ("HTTP/1.1 200 OK\r\n..."), NULL closes the connection unanswered.
 *  Runs in the server's process: static variables keep their values from request to request. */
typedef const char *(*web_answer)(const char *request);

/** Starts it; gives its port. It ends with web_stop() or with the test program. */
int web_start(web_answer answer);
void web_stop(int port);

#define WEB_OK(body) "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" body

#endif
