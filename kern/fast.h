/* The fast path: fault, call, and answer-and-receive, straight from one thread to the other.
 *
 * Each function is entered by a jump from trap.S with tp = the running thread (struct thread), no
 * stack, and the message in a0-a5. It either changes over and leaves to user mode by one of the
 * exits below, or changes nothing and jumps to its miss, where the slow path starts. */
#pragma once

/* Where trap.S goes with a fault and a call: the next two, or the baseline's own way (up.h). */
_Noreturn void fault_entry(void);
_Noreturn void call_entry(void);

_Noreturn void fast_call(void);
_Noreturn void fast_fault(void);
_Noreturn void fast_reply_receive(void);

/* Ways out, in leave.S. */
void fast_exit_called(void);   /* a0-a7 as they are, the rest cleared */
void fast_exit_faulted(void);  /* the same, but to the pager of whoever faulted */
void fast_exit_answered(void); /* a0-a5 as they are, what a call preserves restored */
void fast_exit_resumed(void);  /* all registers restored */
void fast_miss_call(void);
void fast_miss_fault(void);
void fast_miss_receive(void);
