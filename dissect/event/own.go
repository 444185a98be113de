package event

import (
	"encoding/json"
	"fmt"
	"iter"
)

// An own event is one that a program beside this module has declared.
type own struct {
	name   string
	hook   any // a *Hook
	count  func() uint64
	stream func(*Stream)
}

// Declare adds an event of a program's own to h and returns its hook, on which the
// program's analyzers raise it and anybody may listen. name is that of the event in
// streams; it must be none of the catalogue's and none that was declared before. E's
// parameters are written to streams by its method AppendArgs, if *E has
//
//	AppendArgs(dst []byte) []byte
//
// which appends a JSON object, else by encoding/json. Lines of events have the
// identity of the connection that *E's method EventConn() Conn returns, if it has one;
// the field behind it needs the tag json:"-".
//
// Declare may only be called while the pipeline is built, and once a shard.
func Declare[E any](h *Hooks, name string) (*Hook[E], error) {
	for _, info := range Catalogue() {
		if info.Name == name {
			return nil, fmt.Errorf("event %s is in the catalogue", name)
		}
	}
	for i := range h.own {
		if h.own[i].name == name {
			return nil, fmt.Errorf("event %s is declared twice", name)
		}
	}
	hook := new(Hook[E])
	h.own = append(h.own, own{name, hook, hook.Count, func(s *Stream) {
		hook.Listen(func(e *E) { s.own(name, e) })
	}})
	return hook, nil
}

// Declared returns the hook of an event that was declared on h, for a listener elsewhere
// such as a builder of a log. It returns nil if no event of that name and type was.
func Declared[E any](h *Hooks, name string) *Hook[E] {
	for i := range h.own {
		if h.own[i].name == name {
			hook, _ := h.own[i].hook.(*Hook[E])
			return hook
		}
	}
	return nil
}

// own writes an event that was declared.
func (s *Stream) own(name string, e any) {
	dst := s.begin(name)
	if c, ok := e.(interface{ EventConn() Conn }); ok {
		dst = appendConnKeys(dst, c.EventConn())
	}
	dst = append(dst, argsKey...)
	if a, ok := e.(interface{ AppendArgs(dst []byte) []byte }); ok {
		dst = a.AppendArgs(dst)
	} else if b, err := json.Marshal(e); err == nil {
		dst = append(dst, b...)
	} else {
		dst = append(dst, "{}"...)
	}
	s.end(dst)
}

// Counts yields the name of every event that this build or h's program raises, those of
// the catalogue first and in alphabetical order, and how often h raised it.
func (h *Hooks) Counts() iter.Seq2[string, uint64] {
	return func(yield func(string, uint64) bool) {
		for i := range built {
			if !yield(built[i].info.Name, built[i].count(h)) {
				return
			}
		}
		for i := range h.own {
			if !yield(h.own[i].name, h.own[i].count()) {
				return
			}
		}
	}
}
