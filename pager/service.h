/* Servers, and the processes that are connected to them. Lock held throughout.
 *
 * A server is a pinned process with an endpoint of its own (port_server_make).
 * Its clients get a capability with their badge when they ask for it. A server that keeps
 * descriptors has a table here: a client has a place in it and shares one page with the server, its
 * transfer page; its child has a place of its own from the start. What happens to places is an
 * event (struct server_events), which stands there for the server before whoever caused it is
 * answered. */
#pragma once
#include "process.h"

/* Makes a new process the server in `slot` with room for so many connections (0: it keeps no
 * table); before its program is there. ERR_INVALID (slot taken or absurd), ERR_POOL. */
err_t service_make(struct process *process, uint64_t slot, uint64_t nconnections);

/* When its program is there: the window for its clients' pages. ERR_NOMEM. The request with that
 * token is answered when the server is ready. */
err_t service_open(struct process *process, uint64_t token);

/* REQ_CONNECT: 0 or the transfer page's address. ERR_SEARCH, ERR_LIMIT, ERR_NOMEM, ERR_POOL. */
err_t service_connect(struct process *process, uint64_t slot);

/* A child has a place where its parent has one. ERR_LIMIT: service_leave undoes a part. */
err_t service_inherit(const struct process *parent, struct process *child);

/* Exec: the shared pages go, the connections stay. */
void service_drop_pages(struct process *process);

/* The same for a process that had more threads: it goes on in places of its own, with what was in
 * the old ones, so that a server forgets what those threads wait for, and never takes the new
 * program's page for theirs. ERR_LIMIT: as it was. */
err_t service_renew(struct process *process);

/* The end of a process, server or client. */
void service_leave(struct process *process);

/* REQ_READY, for servers: 0, and the window's address; 0: there is none. */
err_t service_ready(struct process *process, uint64_t *window);
