package event

// A Hook holds the listeners of one event and the value that they are called with.
// The zero Hook is ready for use. A Hook belongs to one shard and is not safe for
// concurrent use.
//
// The hooks of Hooks, such as ARPRequestHook, are Hooks of their event in all but name: types of
// their own, generated from this one. Every package that imports this one would else compile the
// methods of all of them anew.
type Hook[E any] struct {
	fns     []func(*E)
	count   uint64
	scratch *E   // nil while nobody listens
	busy    bool // scratch is handed out
}

// Listen registers fn. It may only be called while the pipeline is built.
func (h *Hook[E]) Listen(fn func(*E)) {
	h.fns = append(h.fns, fn)
	if h.scratch == nil {
		h.scratch = new(E)
	}
}

// On reports whether anybody listens, for an analyzer that must prepare an event
// long before it raises it.
func (h *Hook[E]) On() bool { return len(h.fns) != 0 }

// Begin returns the hook's scratch value, or nil if nobody listens. The value
// still holds an earlier event: the caller assigns it whole (*e = E{...}) or sets
// every field, and then passes it to Raise, after which it is no longer the
// caller's.
//
// The scratch value is in use from Begin to the end of Raise. A Begin inside that
// time, as by a listener that raises the same event, gets a fresh value, which
// becomes the scratch value. So a value that is never raised, or whose listener
// panics, costs one allocation and no more.
func (h *Hook[E]) Begin() *E {
	if h.scratch == nil {
		return nil
	}
	if h.busy {
		h.scratch = new(E)
	}
	h.busy = true
	return h.scratch
}

// Raise calls every listener with e, in the order of registration. e is what Begin
// returned or a value of the caller's own. Neither e nor any slice in it may be
// kept by a listener.
func (h *Hook[E]) Raise(e *E) {
	h.count++
	if poison {
		raisePoisoned(h.fns, e)
	} else {
		for _, fn := range h.fns {
			fn(e)
		}
	}
	if e == h.scratch { // if a nested Begin has replaced it, e is left to the garbage collector
		h.busy = false
	}
}

// RaiseAll is Raise for an end that every listener must learn of: it calls all
// listeners even if some panic. panicked is called with the value of each panic,
// in the deferred call that recovered it. Of the hooks of Hooks, those have it whose event's
// directive has the word "end".
func (h *Hook[E]) RaiseAll(e *E, panicked func(r any)) {
	h.count++
	for i := 0; i < len(h.fns); {
		i = raiseFrom(h.fns, i, e, panicked)
	}
	if e == h.scratch {
		h.busy = false
	}
}

// AnyHook is a *Hook[E], or the hook of event E in Hooks.
type AnyHook[E any] interface {
	Listen(fn func(*E))
	On() bool
	Begin() *E
	Raise(e *E)
}

// raiseFrom calls the listeners from the i-th on, up to the first that panics, and
// returns the index of the next.
func raiseFrom[E any](fns []func(*E), i int, e *E, panicked func(r any)) (next int) {
	defer func() {
		if r := recover(); r != nil {
			panicked(r)
		}
	}()
	for next = i; next < len(fns); {
		next++
		if poison {
			raisePoisoned(fns[next-1:next], e)
		} else {
			fns[next-1](e)
		}
	}
	return next
}
