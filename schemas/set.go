package schemas

import (
	"fmt"
	"slices"
	"sync/atomic"
)

// A Set is the logs that a run knows: those of this package and those that a program adds.
// It is a value; runs with different sets do not affect each other. The zero Set is empty.
type Set struct {
	list []*Schema
}

// NewSet returns the set of All and of the logs in more. It is an error if two logs have
// the same name or the same ID.
func NewSet(more ...*Schema) (Set, error) {
	s := Set{list: all}
	for _, m := range more {
		if s.Lookup(m.Name) != nil {
			return Set{}, fmt.Errorf("there are two logs %q", m.Name)
		}
		for _, o := range s.list {
			if o.ID == m.ID {
				return Set{}, fmt.Errorf("the logs %s and %s have the same ID; take one from NewID", o.Name, m.Name)
			}
		}
		s.list = append(slices.Clip(s.list), m)
	}
	return s, nil
}

// All returns the logs of the set: those of this package by name, then the others in the
// order in which they were added. The caller must not modify the slice.
func (s Set) All() []*Schema { return s.list }

// Lookup returns the log of that name, or nil.
func (s Set) Lookup(name string) *Schema {
	for _, l := range s.list {
		if l.Name == name {
			return l
		}
	}
	return nil
}

// lastID is the number of IDs that NewID has given out.
var lastID atomic.Int64

// NewID returns an ID for a schema that is made outside this package. IDs are small, so
// that they can index tables, and no other schema of the process has the same one: several
// runs may use a schema at once. Of calls NewID itself.
func NewID() int { return len(all) - 1 + int(lastID.Add(1)) }
