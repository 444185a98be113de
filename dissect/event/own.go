package event

import (
	"encoding/json"
	"fmt"
	"iter"
)

// own is an event that an embedding program has declared.
type own struct {
	name   string
	hook   any // a *Hook
	count  func() uint64
	stream func(*Stream)
}

// Declare adds an event of a program's own to h and returns its hook, on which the
// program's analyzers raise it and anybody may listen. name is the event's name in
// streams; neither the catalogue nor an earlier declaration may use it. Streams
// write E's parameters with its method AppendArgs, if *E has
//
//	AppendArgs(dst []byte) []byte
//
// which appends a JSON object, and with encoding/json otherwise. If *E has a method
// EventConn() Conn, the line also identifies that connection; the field behind it
// needs the tag json:"-".
//
// Declare may only be called while the pipeline is built, once per shard.
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
	h.own = append(h.own, own{name, hook, func() uint64 { return hook.count }, func(s *Stream) {
		hook.Listen(func(e *E) { s.own(name, e) })
	}})
	return hook, nil
}

// Declared returns the hook of an event that was declared on h, for a listener
// elsewhere, such as a log's builder. It returns nil if no event of that name and type
// was declared.
func Declared[E any](h *Hooks, name string) *Hook[E] {
	for i := range h.own {
		if h.own[i].name == name {
			hook, _ := h.own[i].hook.(*Hook[E])
			return hook
		}
	}
	return nil
}

// own writes a declared event.
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
