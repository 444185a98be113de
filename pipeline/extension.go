package pipeline

import (
	"github.com/wirelog/wirelog/dissect/detect"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/dissect/file/files"
	"github.com/wirelog/wirelog/value"
)

// Extension is what a program may extend in one shard, from Options.Extend. Everything
// that it adds belongs to that shard: it is called on the shard's goroutine only and
// needs no lock. The program must guard whatever several shards share.
//
// Other extensions belong to the whole run: logs in Options.Schemas and Builders,
// formats and places in Options.OutputFactories, packets in Options.Source.
type Extension struct {
	// Hooks are the events of the shard. Listeners may be added to any of them, and own
	// events with event.Declare. The log builders of this module are called before the
	// listeners, those of Options.Builders and event streams after them.
	//
	// A listener to BackDoor, InterConn or SteppingStone attaches that analyzer. The events
	// of SteppingStone relate connections of all shards: they are raised behind the merge, in
	// its order, and only for the listeners on the first shard's Hooks, by one goroutine at a
	// time that need not be that shard's.
	Hooks *event.Hooks
	// Now returns the network time of the current packet or timer.
	Now func() value.Time

	protocols []func(*files.Manager) *detect.Protocol
}

// AddProtocol adds the protocol that make returns to those of this module. Its
// analyzer is tried at its ports and where its signatures match, whatever
// Options.Dissect.Analyzers names. make gets the shard's manager of transferred files,
// to which the protocol may hand files.
func (x *Extension) AddProtocol(make func(fm *files.Manager) *detect.Protocol) {
	x.protocols = append(x.protocols, make)
}

// extend calls Options.Extend for a shard and returns the protocols that it added.
func (r *run) extend(s *shard, now func() value.Time) (func(*files.Manager) []*detect.Protocol, error) {
	x := Extension{Hooks: s.hooks, Now: now}
	if r.opts.Extend == nil {
		return nil, nil
	}
	if err := r.opts.Extend(&x); err != nil {
		return nil, &OptionError{"Extend", err}
	}
	return func(fm *files.Manager) (list []*detect.Protocol) {
		for _, make := range x.protocols {
			list = append(list, make(fm))
		}
		return list
	}, nil
}
