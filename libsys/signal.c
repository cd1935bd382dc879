/* What a program says about signals. They come from itself alone: by raise, and when it writes to a
 * broken pipe; what another process sends ends it. The whole program has one table, which a fork
 * copies and exec forgets. */
#include <errno.h>
#include <signal.h>
#include <unistd.h>

static _sig_func_ptr action[NSIG]; /* NULL is SIG_DFL */

_sig_func_ptr signal(int number, _sig_func_ptr handler)
{
    if (number <= 0 || number >= NSIG || number == SIGKILL || number == SIGSTOP) {
        errno = EINVAL;
        return SIG_ERR;
    }
    _sig_func_ptr before = action[number];
    action[number] = handler;
    return before;
}

int raise(int number)
{
    _sig_func_ptr handler = number > 0 && number < NSIG ? action[number] : SIG_DFL;
    if (handler == SIG_DFL)
        return kill(getpid(), number);
    if (handler != SIG_IGN)
        handler(number);
    return 0;
}
