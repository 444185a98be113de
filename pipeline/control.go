package pipeline

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/wirelog/wirelog/capture"
	"github.com/wirelog/wirelog/internal/option"
	"github.com/wirelog/wirelog/schemas"
	"github.com/wirelog/wirelog/writers"
)

// A Control changes a run from outside, if it is its Options.Control. The zero value is ready.
// Its methods may be called from any goroutine; between two runs, and before the first, they
// return ErrNoRun.
type Control struct {
	mu    sync.Mutex // one change at a time; guards run
	run   *run
	count reloadCounts
}

// ErrNoRun is the error of a Control without a run that reads packets.
var ErrNoRun = errors.New("no run is reading packets")

// reloadCounts count reloads over all runs of a Control.
type reloadCounts struct {
	done, refused, last atomic.Int64
}

// A RestartError says that options differ from those of the run that cannot change while it
// lasts. Keys are their names in configuration files.
type RestartError struct{ Keys []string }

func (e *RestartError) Error() string {
	return strings.Join(e.Keys, ", ") + ": a change takes a restart"
}

// exchangeable are the keys of Options that Reload exchanges. What else belongs to an output is
// in Options.Outputs.
var exchangeable = []string{
	"output_dir", "output", "kafka", "format", "json_timestamps", "naming", "logs", "optional_logs", "filter", "local_nets",
}

// Reload exchanges outputs, with their conditions, Filter and LocalNets for those of o, at
// once between two packets: rows that were built before go to the outputs before, which are
// finished while others are written. An output that is the same but for Logs, Keep, Drop,
// Rename, Add and Where goes on, as far as its columns are the same. Logs that the run did
// not begin with cannot be added.
//
// Of o it uses what has a key. An error, which is a *RestartError or an *OptionError if an
// option is to blame, changes nothing. Reload returns when the exchange is done, which takes as
// long as an output makes the run wait; ctx is looked at before.
func (c *Control) Reload(ctx context.Context, o Options) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.run == nil {
		return ErrNoRun
	}
	err := c.run.reload(ctx, &o)
	if err != nil {
		c.count.refused.Add(1)
		return err
	}
	c.count.done.Add(1)
	c.count.last.Store(time.Now().UnixNano())
	return nil
}

// Refused counts a new configuration that could not even be handed to Reload.
func (c *Control) Refused() { c.count.refused.Add(1) }

// Rotate ends the files that are being written of outputs that rotate them, as if they were
// due. It returns how many, and the names of outputs that do not rotate files.
func (c *Control) Rotate() (files int, without []string, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.run == nil {
		return 0, nil, ErrNoRun
	}
	files, without = c.run.merger.Rotate()
	return files, without, nil
}

// begin lets c change r.
func (c *Control) begin(r *run) {
	if c != nil {
		c.mu.Lock()
		c.run = r
		c.mu.Unlock()
	}
}

// end waits until no change is in progress, and lets no other begin.
func (c *Control) end() {
	if c != nil {
		c.mu.Lock()
		c.run = nil
		c.mu.Unlock()
	}
}

// epoch is what a reload exchanges in the shards. Each takes it up between two batches.
type epoch struct {
	outputs *writers.Exchange // nil for those that the run began with
	local   []netip.Prefix
	filter  string // which readers exchange
}

// change asks those who read to go over to an epoch, which begins when each of them has taken
// it.
type change struct {
	to     *epoch
	filter *string // nil if it stays

	mu   sync.Mutex
	left int // readers that have not taken it
	err  error
	done chan struct{} // closed when all have
}

// reloading is what a run needs to be changed.
type reloading struct {
	given   Options   // with which the run began
	now     Options   // those in force; Control.mu guards it while the run reads
	outputs []inForce // of now
	number  int       // of exchanges so far
	readers int       // that each read a part of the source, 1 unless somebody sets it
	change  atomic.Pointer[change]
	seen    *change       // of the only reader
	read    chan struct{} // closed when reading has ended
	epoch   atomic.Pointer[epoch]
	hash    atomic.Pointer[string] // of the configuration in force
}

// inForce is an output that is written.
type inForce struct {
	name string
	Output
}

func (r *run) beginReloading(o *Options, outputs []writers.Output) {
	x := &r.reloading
	x.given, x.now = *o, *o
	x.readers, x.read = 1, make(chan struct{})
	x.epoch.Store(&epoch{local: o.LocalNets, filter: o.Filter})
	hash := o.ConfigHash()
	x.hash.Store(&hash)
	list, _ := o.outputs() // writerConfig has succeeded with it
	for i := range list {
		x.outputs = append(x.outputs, inForce{outputs[i].Name, list[i]})
	}
}

// takeChange does what a Control asks for, if it does. Whoever reads src, which is the source
// or a part of it, calls it before each batch; seen is what the reader has taken before.
func (r *run) takeChange(src capture.Source, seen **change) {
	c := r.reloading.change.Load()
	if c == *seen {
		return
	}
	*seen = c
	var err error
	if c.filter != nil {
		err = src.(capture.Refilterer).SetFilter(*c.filter)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.err = errors.Join(c.err, err)
	if c.left--; c.left == 0 {
		if c.err == nil && c.to != nil {
			r.reloading.epoch.Store(c.to)
		}
		close(c.done)
	}
}

// ask has all readers take a change, which they do within a fraction of a second unless an
// output makes them wait. The error of ctx is returned if it has ended before that.
func (r *run) ask(ctx context.Context, c *change) error {
	c.left, c.done = r.reloading.readers, make(chan struct{})
	if err := ctx.Err(); err != nil {
		return err
	}
	r.reloading.change.Store(c)
	select {
	case <-c.done:
		return c.err
	case <-r.reloading.read:
		select {
		case <-c.done: // the last batch came after it
			return c.err
		default:
			return ErrNoRun
		}
	}
}

// adopt makes the shard work as an epoch has it. It is called between two batches.
func (s *shard) adopt(e *epoch) {
	if s.epoch == e {
		return
	}
	s.epoch = e
	if e.outputs != nil {
		s.out.Follow(e.outputs)
	}
	s.logs.SetLocalNets(e.local)
}

func (r *run) reload(ctx context.Context, o *Options) error {
	next, err := r.nextOptions(o)
	if err != nil {
		return err
	}
	cfg, list, err := r.nextOutputs(&next)
	if err != nil {
		return err
	}
	if o := &r.opts; o.Permit != nil {
		needs, err := next.Needs()
		if err == nil {
			err = o.Permit(needs)
		}
		if err != nil {
			return err
		}
	}
	x, err := r.merger.Prepare(cfg)
	if err != nil {
		return &OptionError{next.blamed(err), err}
	}
	if err := r.merger.Install(x); err != nil {
		x.Discard()
		return err
	}
	c := &change{to: &epoch{outputs: x, local: next.LocalNets, filter: next.Filter}}
	if next.Filter != r.reloading.now.Filter {
		c.filter = &next.Filter
	}
	if err := r.ask(ctx, c); err != nil {
		r.merger.Withdraw(x)
		if c.filter == nil || errors.Is(err, ErrNoRun) || ctx.Err() != nil {
			return err
		}
		before := r.reloading.now.Filter
		_ = r.ask(ctx, &change{filter: &before}) // some readers may have the new one; err tells why
		return &OptionError{"Filter", err}
	}
	n := &r.reloading
	n.number++
	n.now, n.outputs, r.places = next, nil, nil
	for i := range list {
		n.outputs = append(n.outputs, inForce{cfg.Outputs[i].Name, list[i]})
		r.places = append(r.places, Place{cfg.Outputs[i].Name, next.where(&list[i], &cfg.Outputs[i])})
	}
	hash := next.ConfigHash()
	n.hash.Store(&hash)
	return nil
}

// nextOptions returns the options of the run with what o exchanges.
func (r *run) nextOptions(o *Options) (Options, error) {
	now := r.reloading.now
	var restart []string
	for _, k := range option.Keys(reflect.TypeFor[Options]()) {
		switch {
		case k.Text(&now) == k.Text(o):
		case !slices.Contains(exchangeable, k.Name):
			restart = append(restart, k.Name)
		}
	}
	next := now
	next.Outputs, next.OutputDir, next.OutputPath, next.Kafka = o.Outputs, o.OutputDir, o.OutputPath, o.Kafka
	next.Format, next.JSONTimestamps, next.Naming = o.Format, o.JSONTimestamps, o.Naming
	next.Logs, next.OptionalLogs, next.Filter, next.LocalNets = o.Logs, o.OptionalLogs, o.Filter, o.LocalNets
	if next.OutputDir != now.OutputDir && next.Follow {
		restart = append(restart, "output_dir") // what has been read is remembered there
	}
	if was, is := now, next; len(next.Dissect.Files.Extract) > 0 {
		was.extractBelow()
		is.extractBelow()
		if was.Dissect.Files.ExtractPath() != is.Dissect.Files.ExtractPath() && !slices.Contains(restart, "output_dir") {
			restart = append(restart, "output_dir") // files are extracted below it
		}
	}
	if len(restart) > 0 {
		slices.Sort(restart)
		return next, &RestartError{restart}
	}
	if next.Filter != now.Filter {
		parts := r.parts
		if parts == nil {
			parts = []capture.Source{r.source}
		}
		if _, ok := parts[0].(capture.Refilterer); !ok {
			return next, &RestartError{[]string{"filter"}}
		}
		if err := capture.CheckFilter(next.Filter); err != nil {
			return next, &OptionError{"Filter", err}
		}
	}
	return next, nil
}

// nextOutputs returns the outputs of o for the merger.
func (r *run) nextOutputs(o *Options) (cfg writers.Config, list []Output, err error) {
	cfg = writers.Config{Sensor: o.sensor(), Version: o.Version}
	if errs := o.writerOutputs(&cfg); len(errs) > 0 {
		return cfg, nil, errs[0]
	}
	if list, err = o.outputs(); err != nil {
		return cfg, nil, err
	}
	if (len(cfg.Lines) > 0) != r.events {
		return cfg, nil, &RestartError{[]string{"events"}}
	}
	if len(cfg.Lines) == 0 && r.lineStreams > 0 {
		cfg.Lines = []writers.Lines{{Name: "events"}} // listeners of the program's own
	}
	for i := range cfg.Outputs {
		for _, s := range cfg.Outputs[i].Logs {
			if !slices.Contains(r.logs, s) {
				return cfg, nil, o.lateLog(i, s)
			}
		}
		cfg.Outputs[i].Continues = r.continued(o, &list[i], cfg.Outputs[i].Name)
	}
	if err := o.identify(cfg.Outputs, list, time.Now()); err != nil {
		return cfg, nil, err
	}
	for i := range cfg.Outputs {
		if id := &cfg.Outputs[i].RunID; *id != "" {
			*id += fmt.Sprintf("-%d", r.reloading.number+1)
		}
	}
	return cfg, list, nil
}

// lateLog says that output i takes a log that the run did not begin with.
func (o *Options) lateLog(i int, s *schemas.Schema) error {
	place := "Logs"
	switch {
	case len(o.Outputs) > 0 && len(o.Outputs[i].Logs) > 0:
		place = o.outputOption(i, "logs")
	case len(o.OptionalLogs) > 0:
		place = "OptionalLogs"
	}
	return &OptionError{place, fmt.Errorf("%s is not among the logs with which the run began: to add it takes a restart", s.Name)}
}

// continued returns the number of the output in force that goes on as out, 0 if none does.
func (r *run) continued(o *Options, out *Output, name string) int {
	for i := range r.reloading.outputs {
		was := &r.reloading.outputs[i]
		if was.name == name && was.Type == out.Type && reflect.DeepEqual(o.settingsOf(&was.Output), o.settingsOf(out)) {
			return i + 1
		}
	}
	return 0
}
