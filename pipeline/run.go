package pipeline

import (
	"context"
	"crypto/sha512"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/wirelog/wirelog/capture"
	"github.com/wirelog/wirelog/compat"
	"github.com/wirelog/wirelog/dissect"
	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/file/files"
	"github.com/wirelog/wirelog/dissect/proto/krb"
	"github.com/wirelog/wirelog/internal/choose"
	"github.com/wirelog/wirelog/internal/option"
	"github.com/wirelog/wirelog/logs"
	"github.com/wirelog/wirelog/schemas"
	"github.com/wirelog/wirelog/value"
	"github.com/wirelog/wirelog/writers"
)

// ErrIncomplete is the error of Run when records were lost and nothing else says why:
// the reasons are in Summary.Dropped.
var ErrIncomplete = writers.ErrIncomplete

// Run reads the captures of o and writes their logs. The error is an *OptionError
// if the run could not begin. Otherwise the Summary covers what was done, and the
// error joins what went wrong, each cause once; the Summary counts what was lost.
// Damage of an input is in the Summary and is no error.
func Run(ctx context.Context, o Options) (Summary, error) {
	start := time.Now()
	r, err := newRun(ctx, o)
	if err != nil {
		return Summary{}, err
	}
	s, err := r.run(ctx)
	s.Elapsed = time.Since(start)
	return s, err
}

func (r *run) run(ctx context.Context) (Summary, error) {
	r.opts.Control.begin(r)
	process := func(ctx context.Context) (err error) {
		r.pinned(func() { err = r.single(ctx) })
		return err
	}
	if len(r.shards) > 1 || r.parts != nil {
		p := newParallel(r)
		process, r.queues = p.process, p.queues
		if r.parts != nil {
			process = func(ctx context.Context) error { return p.processFan(ctx, r.parts) }
		}
	}
	stopTicks := r.tick()
	readErr := process(ctx)
	close(r.reloading.read)
	r.opts.Control.end()
	stopTicks()
	r.watcher.end()
	closeErr := r.merger.Close()
	r.acks.end(r, readErr == nil && closeErr == nil)
	s := r.summary()
	r.tellLeftOut(&s)
	err := errors.Join(readErr, r.source.Close(), errors.Join(r.reports...))
	if err == nil && (closeErr != nil || r.reported) {
		err = ErrIncomplete
	}
	return s, err
}

// run is a run in progress.
type run struct {
	opts     Options
	source   capture.Source
	parts    []capture.Source // of the source, for the shards; nil if one reads for all
	cpus     []int            // of the shards; nil if they run anywhere
	unwrap   *unwrapper       // nil without Options.Mirror
	merger   *writers.Merger
	shards   []*shard
	seed     conn.Seed
	compat   compat.Set
	reports  []error // of the merger, unless Options.Report took them
	reported bool    // something went to Options.Report
	events   bool    // whether the event stream is wanted
	roots    *logs.RootCerts
	behind   behind
	overload overload
	memory   int64 // MemoryLimit
	// queueBytes is the share of what waits between shards.
	queueBytes int64
	queues     func() queues // nil without shards that wait for one another
	minutes    minutes
	watcher    watcher
	acks       acks
	places     []Place // of the outputs
	logs       []*schemas.Schema
	first      int64          // time of the first packet
	last       capture.Packet // without its data

	reloading   reloading
	lineStreams int
}

// tick tells the writers that time passes until stop is called.
func (r *run) tick() (stop func()) {
	end := make(chan struct{})
	var ticking sync.WaitGroup
	ticking.Go(func() {
		t := time.NewTicker(time.Second)
		defer t.Stop()
		for {
			select {
			case now := <-t.C:
				r.merger.Tick(now)
				r.minutes.tick(r, now)
				r.watcher.tick(now)
				r.acks.tick(r)
			case <-end:
				return
			}
		}
	})
	return func() {
		close(end)
		ticking.Wait()
	}
}

func newRun(ctx context.Context, o Options) (*run, error) {
	r := &run{opts: o, seed: makeSeed(o.Seed)}
	switch {
	case o.Source != nil && len(o.Paths) > 0:
		return nil, &OptionError{"Source", errors.New("captures were named too: a run has one or the other")}
	case len(o.Interfaces) > 0 && (o.Source != nil || len(o.Paths) > 0):
		return nil, &OptionError{"Interfaces", errors.New("another source was named too: a run has one")}
	case len(o.Interfaces) > 0 && len(o.ListenUDP) > 0:
		return nil, &OptionError{"ListenUDP", errors.New("interfaces were named too: a run has these or ports of mirrors; --mirror takes tunnels off packets of interfaces")}
	case o.Source == nil && len(o.Paths) == 0 && len(o.Interfaces) == 0 && len(o.ListenUDP) == 0:
		return nil, &OptionError{"Paths", errors.New("no capture was named")}
	}
	if _, err := dissect.PickAnalyzers(o.Dissect.Analyzers); err != nil {
		return nil, &OptionError{"Dissect.Analyzers", err}
	}
	for _, name := range o.Dissect.Files.Hash {
		if !slices.Contains(Hashes(), name) {
			return nil, &OptionError{"Dissect.Files.Hash", fmt.Errorf("there is no hash %q", name)}
		}
	}
	for _, p := range o.Dissect.Files.Extract {
		if err := files.ValidPattern(p); err != nil {
			return nil, &OptionError{"Dissect.Files.Extract", err}
		}
	}
	r.opts.extractBelow()
	if err := r.opts.checkExtraction(); err != nil {
		return nil, err
	}
	if key, err := option.Check(&o); err != nil {
		return nil, &OptionError{key.Path, err}
	}
	given := o
	r.overload.opt, r.overload.notice = o.Overload, o.Notice
	r.memory = MemoryLimit(&r.opts)
	if err := r.opts.fitRings(r.memory); err != nil {
		return nil, err
	}
	o.Listen.Ring = r.opts.Listen.Ring
	r.queueBytes = r.opts.fit(r.memory)
	var err error
	if r.compat, err = compat.Parse(o.Compat); err != nil {
		return nil, &OptionError{"Compat", err}
	}
	cfg, err := r.writerConfig()
	if err != nil {
		return nil, err
	}
	r.logs = cfg.Logs
	cfg.Context, r.events = ctx, len(cfg.Lines) > 0
	r.beginReloading(&given, cfg.Outputs)
	cfg.Lines = r.lines(cfg.Lines)
	r.lineStreams = len(cfg.Lines)
	if cfg.Groups&schemas.GroupValidation != 0 {
		if r.roots, err = o.rootCerts(); err != nil {
			return nil, &OptionError{"RootCerts", err}
		}
	}
	if file := o.Dissect.KRB.Keytab; file != "" {
		keys, err := krb.ReadKeytab(file)
		if err != nil {
			return nil, &OptionError{"Dissect.KRB.Keytab", err}
		}
		if keys.Skipped > 0 && o.Notice != nil {
			o.Notice(fmt.Sprintf("%s: %d keys have an encryption type that tickets are not decrypted with", file, keys.Skipped))
		}
		r.opts.Dissect.KRB.Keys = keys
	}
	o.tellUnattached(cfg.Logs)
	if r.events {
		o.tellUnraised()
		cfg.Lines[0].Sampling = value.Sampling(o.UnknownProtocols)
	}
	if r.cpus, err = o.shardCPUs(); err != nil {
		return nil, &OptionError{"CPUs", err}
	}
	if r.unwrap, err = o.newUnwrapper(); err != nil {
		return nil, err
	}
	if o.readsFiles() {
		err = o.checkSource()
	} else {
		r.source, err = o.openSource(r.unwrap, cfg.Groups)
	}
	if err != nil {
		return nil, err
	}
	needs, err := r.needs()
	if err == nil {
		cfg.Confirm = func() error { return r.confirm(needs, &cfg) }
		r.merger, err = writers.New(cfg)
	}
	if err != nil {
		if r.source != nil {
			r.source.Close()
		}
		var option *OptionError
		if errors.As(err, &option) {
			return nil, err
		}
		return nil, &OptionError{o.blamed(err), err}
	}
	r.opts.Dissect.Files.OnExtract = func(path string) { r.merger.Record(o.OutputDir, path) }
	n := o.shardCount()
	if f, ok := r.source.(capture.Fan); ok {
		if r.parts = f.Parts(); len(r.parts) != n {
			r.source.Close()
			return nil, &OptionError{"Source", fmt.Errorf("the source has %d parts for %d shards", len(r.parts), n)}
		}
		if r.unwrap != nil {
			r.source.Close()
			return nil, &OptionError{"Mirror", errors.New("tunnels cannot be taken off the packets of a source in parts")}
		}
		r.reloading.readers = len(r.parts)
	}
	for range n {
		s, err := r.newShard(n)
		if err != nil {
			r.source.Close()
			return nil, err
		}
		r.shards = append(r.shards, s)
	}
	r.watcher.begin(r)
	if r.events {
		if err := r.behind.stream(o.EventNames); err != nil {
			r.source.Close()
			return nil, &OptionError{"EventNames", err}
		}
	}
	return r, nil
}

// tellUnattached tells which of the logs that Logs names will lack rows because no analyzer of
// their protocol is attached.
func (o *Options) tellUnattached(logs []*schemas.Schema) {
	attached, err := dissect.PickAnalyzers(o.Dissect.Analyzers)
	known, knownErr := o.known()
	if o.Notice == nil || choose.Changes(o.Logs) || err != nil || knownErr != nil {
		return
	}
	for _, s := range logs {
		serves := func(name string) bool {
			return slices.Contains(known.Named(name), s) || strings.HasPrefix(s.Name, name+"_")
		}
		if s == &schemas.ConnSchema || slices.ContainsFunc(attached, serves) {
			continue
		}
		missing := slices.DeleteFunc(dissect.AnalyzerNames(), func(name string) bool { return !serves(name) })
		if len(missing) > 0 {
			o.Notice(fmt.Sprintf("%s: no analyzer of the log is attached: --analyzers +%s attaches it", s.Name, strings.Join(missing, ",+")))
		}
	}
}

// readsFiles reports whether to open the source is to read input: files are looked into, while
// interfaces and folders that are followed are only watched.
func (o *Options) readsFiles() bool {
	return o.Source == nil && len(o.Interfaces) == 0 && len(o.ListenUDP) == 0 && !o.Follow
}

// checkSource fails as openSource does, as far as that can be known without reading.
func (o *Options) checkSource() error {
	return sourceError("Paths", capture.Check(o.Paths, capture.Options{Filter: o.Filter, Stdin: o.Stdin}))
}

// confirm lets the program confine itself, and opens what is read, if that is not open.
func (r *run) confirm(needs Needs, cfg *writers.Config) error {
	o := &r.opts
	if o.Confine != nil {
		needs.addPorts(cfg.Outputs)
		if err := o.Confine(needs); err != nil {
			return &OptionError{"Confine", err}
		}
	}
	if r.source != nil {
		return nil
	}
	var err error
	r.source, err = o.openSource(r.unwrap, cfg.Groups)
	return err
}

// openSource opens Paths or calls Source. Groups are those of the columns that are wanted.
// The error is an *OptionError.
func (o *Options) openSource(u *unwrapper, groups schemas.Groups) (capture.Source, error) {
	var src capture.Source
	var err error
	b := capture.BatcherOptions{Filter: o.Filter, Mirrors: groups&schemas.GroupMirror != 0}
	if u != nil {
		b.Unwrap = u
	}
	option := "Paths"
	switch {
	case o.Source != nil:
		option = "Source"
		src, err = o.Source(b)
	case len(o.Interfaces) > 0:
		option = "Interfaces"
		live := o.Listen
		live.BatcherOptions, live.Origins, live.OnNotice = b, groups&schemas.GroupSource != 0, o.Notice
		if live.Shards = o.shardCount(); live.Shards > 1 && len(o.Mirror) > 0 && live.FanOut != capture.FanOutNone {
			live.FanOut = capture.FanOutNone
			if o.Notice != nil {
				o.Notice("--mirror: what is in the tunnels decides the shard, so that one shard reads for all (--fanout none)")
			}
		}
		src, err = capture.Listen(o.Interfaces, live)
	case len(o.udpPorts()) > 0:
		option = "ListenUDP"
		live := o.Listen
		live.BatcherOptions, live.Origins, live.OnNotice = b, groups&schemas.GroupSource != 0, o.Notice
		src, err = capture.ListenUDP(o.ListenUDP, live)
	default:
		files := capture.Options{
			Filter: o.Filter, Unwrap: b.Unwrap, Mirrors: b.Mirrors,
			Merge: o.Merge, Origins: groups&schemas.GroupSource != 0, Stdin: o.Stdin, OnProgress: o.Progress, OnFiles: o.Reading, OnNotice: o.Notice,
		}
		if o.Follow {
			src, err = o.follow(files)
		} else {
			src, err = capture.Open(o.Paths, files)
		}
	}
	if err != nil {
		return nil, sourceError(option, err)
	}
	return src, nil
}

// sourceError blames an option, or Filter, for an error.
func sourceError(option string, err error) error {
	var fe *capture.FilterError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &fe):
		option = "Filter"
	}
	return &OptionError{option, err}
}

// follow opens the folder that Paths names.
func (o *Options) follow(files capture.Options) (capture.Source, error) {
	if len(o.Paths) != 1 || o.Merge {
		return nil, errors.New("one folder is followed, and its captures are not merged")
	}
	f := o.Followed
	files.OnProgress = nil
	f.Options, f.State = files, filepath.Join(o.OutputDir, ".wirelog", "follow.json")
	return capture.Follow(o.Paths[0], f)
}

// blamed returns the name of the option that an error of writers.New belongs
// to.
func (o *Options) blamed(err error) string {
	var ce *writers.ConfigError
	switch {
	case !errors.As(err, &ce):
		return "Outputs"
	case ce.Lines >= 0:
		return "EventsFile"
	default:
		return o.outputOption(ce.Output, "")
	}
}

// maxShards bounds the number of shards. Every batch has a list for each shard.
const maxShards = 256

// makeSeed derives the keys of the uids from the option, or chooses random ones if it is
// empty.
func makeSeed(text string) (seed conn.Seed) {
	if text == "" {
		return conn.RandomSeed()
	}
	sum := sha512.Sum512([]byte(text))
	for i := range seed {
		seed[i] = binary.LittleEndian.Uint64(sum[8*i:])
	}
	return seed
}

// single runs everything on the calling goroutine.
func (r *run) single(ctx context.Context) error {
	s := r.shards[0]
	s.part = func(b *writers.Batch, _ writers.Key) { r.merger.Merge(b) }
	var all [capture.BatchPackets]uint16
	for i := range all {
		all[i] = uint16(i)
	}
	for {
		b, err := r.next(ctx)
		s.adopt(r.reloading.epoch.Load())
		if err != nil {
			for limit := uint64(0); limit != dissect.All; {
				limit = r.nextDrain(limit)
				r.merger.Merge(s.drain(limit))
			}
			return ignoreEOF(err)
		}
		r.merger.Merge(s.batch(b, all[:len(b.Packets)]))
		r.acks.merged.Store(b.Last)
		b.Release()
	}
}

func ignoreEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// next returns the next batch and records its times.
func (r *run) next(ctx context.Context) (*capture.Batch, error) {
	r.acks.tell(r)
	b, err := r.nextOf(ctx, r.source, &r.reloading.seen)
	if err != nil {
		return nil, err
	}
	r.watcher.read(b)
	if n := len(b.Packets); n > 0 {
		if r.last.Num == 0 {
			r.first = b.Packets[0].Time
		}
		r.last = b.Packets[n-1]
		r.last.Data = nil
	}
	return b, nil
}

// nextOf returns the next batch of src, which is the source or a part of it. It has src stop if
// the run is to, and take what a Control asks for; seen is as in takeChange.
func (r *run) nextOf(ctx context.Context, src capture.Source, seen **change) (*capture.Batch, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	select {
	case <-r.opts.Stop:
		s, ok := src.(capture.Stopper)
		if !ok {
			return nil, io.EOF
		}
		s.Stop()
	default:
	}
	r.takeChange(src, seen)
	b, err := src.Next()
	if err != nil {
		return nil, err
	}
	r.overload.see(b)
	return b, nil
}

// drainStep is the range of packet numbers whose connections are ended at a
// time at the end of a run, so that their rows need not all be in memory at
// once.
const drainStep = 1 << 14

// nextDrain returns the packet number up to which to end connections next,
// after those up to limit. The last is dissect.All.
func (r *run) nextDrain(limit uint64) uint64 {
	if limit > r.last.Num {
		return dissect.All
	}
	return limit + drainStep
}

// writerConfig translates the options of outputs for package writers.
func (r *run) writerConfig() (writers.Config, error) {
	o := &r.opts
	cfg := writers.Config{
		Sampling:     o.Dissect.Conn.Weirds,
		Report:       r.report,
		Notice:       o.Notice,
		Sensor:       o.sensor(),
		Version:      o.Version,
		StopDeadline: o.StopDeadline,
		Command:      o.Command,
		Joiners:      logs.Joiners(&logs.Options{Limits: o.Rows, Peer: o.Sensor, Shards: o.shardCount(), Process: r.process}),
	}
	if !o.OpenTime.IsZero() {
		cfg.Now = func() time.Time { return o.OpenTime }
	}
	if errs := o.writerOutputs(&cfg); len(errs) > 0 {
		return cfg, errs[0]
	}
	cfg.Run = &writers.Run{Overwrite: o.Overwrite, Reading: o.reading()}
	list, err := o.outputs()
	if err == nil {
		for i := range cfg.Outputs {
			r.places = append(r.places, Place{cfg.Outputs[i].Name, o.where(&list[i], &cfg.Outputs[i])})
		}
		err = o.identify(cfg.Outputs, list, time.Now())
	}
	return cfg, err
}

// report takes an error of the merger. It is called by one goroutine at a time.
func (r *run) report(err error) {
	if r.opts.Report == nil {
		r.reports = append(r.reports, err)
		return
	}
	r.reported = true
	r.opts.Report(err)
}

// extractBelow sets the folder of extracted files: below OutputDir, if the logs are there
// and the folder is not named in full.
func (o *Options) extractBelow() {
	f := &o.Dissect.Files
	if len(o.Outputs) == 0 && len(o.Kafka) == 0 && o.OutputPath == "" {
		f.ExtractRoot = o.OutputDir
	}
	if mode, err := parseMode(o.FileMode); err == nil && mode != 0 {
		f.ExtractMode = mode
	}
}

// checkExtraction tries the folder of extracted files, if there are to be any.
func (o *Options) checkExtraction() error {
	f := &o.Dissect.Files
	if len(f.Extract) == 0 || f.ExtractDir == "" {
		return nil
	}
	if err := tryFolder(f.ExtractPath()); err != nil {
		return &OptionError{"Dissect.Files.ExtractDir", err}
	}
	return nil
}

// tryFolder finds out whether files can be made in a folder, which need not exist.
func tryFolder(dir string) error {
	for {
		if _, err := os.Stat(dir); err == nil || !errors.Is(err, fs.ErrNotExist) || dir == filepath.Dir(dir) {
			break
		}
		dir = filepath.Dir(dir)
	}
	f, err := os.CreateTemp(dir, ".wirelog-try-")
	if err != nil {
		var pe *fs.PathError
		if errors.As(err, &pe) {
			err = pe.Err
		}
		return fmt.Errorf("%s: %w", dir, err)
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}

// CheckPattern returns an error if a pattern for extracted files matches no media type
// that a file can have.
func CheckPattern(pattern string) error { return files.ValidPattern(pattern) }

// hostname returns the name of this host, or the program's if it is not known.
func hostname() string {
	name, err := os.Hostname()
	if err != nil || name == "" {
		return "wirelog"
	}
	return name
}
