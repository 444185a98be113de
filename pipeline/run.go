package pipeline

import (
	"context"
	"crypto/rand"
	"crypto/sha512"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/wirelog/wirelog/capture"
	"github.com/wirelog/wirelog/dissect"
	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/files"
	"github.com/wirelog/wirelog/dissect/packet"
	"github.com/wirelog/wirelog/logs"
	"github.com/wirelog/wirelog/schemas"
	"github.com/wirelog/wirelog/writers"
)

// Run reads the captures of o and writes their logs. The error is an *OptionError
// if nothing could begin; otherwise the Summary covers what was done, whatever the
// error. Damage of an input is in the Summary and no error.
func Run(ctx context.Context, o Options) (Summary, error) {
	start := time.Now()
	r, err := newRun(ctx, o)
	if err != nil {
		return Summary{}, err
	}
	defer r.reader.Close()
	stopTicks := r.tick()
	var readErr error
	if len(r.shards) == 1 {
		readErr = r.single(ctx)
	} else {
		readErr = r.parallel(ctx)
	}
	stopTicks()
	closeErr := r.merger.Close()
	s := r.summary()
	s.Elapsed = time.Since(start)
	return s, errors.Join(readErr, closeErr, errors.Join(r.reports...))
}

// run is one run under way.
type run struct {
	opts    Options
	reader  *capture.Reader
	merger  *writers.Merger
	shards  []*shard
	seed    conn.Seed
	reports []error // of the merger
	events  bool    // the event stream is wanted
	roots   *logs.RootCerts
	hosts   packet.Decoder // of the reading goroutine
	first   int64          // time of the first packet
	last    capture.Packet // without its data
}

// tick tells the writers that time passes, until the function that it returns is called.
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
	if len(o.Paths) == 0 {
		return nil, &OptionError{"Paths", errors.New("no capture was named")}
	}
	for _, name := range o.Analyzers {
		if !slices.Contains(Analyzers(), strings.ToLower(name)) {
			return nil, &OptionError{"Analyzers", fmt.Errorf("there is no analyzer %q", name)}
		}
	}
	for _, name := range o.Files.Hash {
		if !slices.Contains(Hashes(), name) {
			return nil, &OptionError{"Files.Hash", fmt.Errorf("there is no hash %q", name)}
		}
	}
	for _, p := range o.Files.Extract {
		if err := files.ValidPattern(p); err != nil {
			return nil, &OptionError{"Files.Extract", fmt.Errorf("%q is no pattern of media types", p)}
		}
	}
	if !slices.Contains([]string{ContentsNone, ContentsOrig, ContentsResp, ContentsBoth}, o.Contents) {
		return nil, &OptionError{"Contents", fmt.Errorf("no side of connections is called %q", o.Contents)}
	}
	cfg, err := r.writerConfig()
	if err != nil {
		return nil, err
	}
	cfg.Context, r.events = ctx, len(cfg.Lines) > 0
	if cfg.Groups&schemas.GroupValidation != 0 {
		if r.roots, err = o.rootCerts(); err != nil {
			return nil, &OptionError{"RootCerts", err}
		}
	}
	if r.reader, err = capture.Open(o.Paths, capture.Options{
		Filter: o.Filter, Stdin: o.Stdin, OnProgress: o.Progress, OnNotice: o.Notice,
	}); err != nil {
		var fe *capture.FilterError
		if errors.As(err, &fe) {
			return nil, &OptionError{"Filter", err}
		}
		return nil, &OptionError{"Paths", err}
	}
	if r.merger, err = writers.New(cfg); err != nil {
		r.reader.Close()
		option := "outputs"
		if pe := (*fs.PathError)(nil); errors.As(err, &pe) && pe.Path == o.EventsFile || len(o.Outputs) == 0 {
			option = "EventsFile"
		}
		return nil, &OptionError{option, err}
	}
	n := o.Shards
	if n <= 0 {
		n = runtime.GOMAXPROCS(0)
	}
	for range min(n, maxShards) {
		s, err := r.newShard(min(n, maxShards))
		if err != nil {
			r.reader.Close()
			return nil, err
		}
		r.shards = append(r.shards, s)
	}
	return r, nil
}

// maxShards bounds the shards: a packet's shard is kept in a byte.
const maxShards = 256

// makeSeed derives the keys of all hashes from the option, or from chance.
func makeSeed(text string) (seed conn.Seed) {
	b := make([]byte, sha512.Size)
	if text == "" {
		rand.Read(b)
	} else {
		sum := sha512.Sum512([]byte(text))
		copy(b, sum[:])
	}
	for i := range seed {
		seed[i] = binary.LittleEndian.Uint64(b[8*i:])
	}
	return seed
}

// single runs everything on the calling goroutine.
func (r *run) single(ctx context.Context) error {
	s := r.shards[0]
	for {
		b, err := r.next(ctx)
		if err != nil {
			r.drain(func(limit uint64) { r.merger.Merge(s.drain(limit)) })
			return ignoreEOF(err)
		}
		r.merger.Merge(s.batch(b, nil))
		b.Release()
	}
}

func ignoreEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// next returns the next batch and notes its times.
func (r *run) next(ctx context.Context) (*capture.Batch, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	b, err := r.reader.Next()
	if err != nil {
		return nil, err
	}
	if r.last.Num == 0 {
		r.first = b.Packets[0].Time
	}
	r.last = b.Packets[len(b.Packets)-1]
	r.last.Data = nil
	return b, nil
}

// drainStep is how many packet numbers' connections are ended at a time at the
// end of a run, so that their rows need not all be in memory at once.
const drainStep = 1 << 14

// drain calls step with rising limits until it covers every connection, and with one
// that covers all else.
func (r *run) drain(step func(limit uint64)) {
	for limit := uint64(drainStep); ; limit += drainStep {
		step(limit)
		if limit > r.last.Num {
			break
		}
	}
	step(dissect.All)
}

// job is what a shard works on: a batch with the shard of each of its packets, or,
// at the end, the connections to be ended.
type job struct {
	batch  *capture.Batch
	shards *assignment
	limit  uint64
}

// assignment has the shard of every packet of a batch.
type assignment struct {
	of   [capture.BatchPackets]uint8
	refs atomic.Int32
	free chan<- *assignment
}

// release is called by every shard when it is done with a.
func (a *assignment) release() {
	if a.refs.Add(-1) == 0 {
		select {
		case a.free <- a:
		default:
		}
	}
}

// inFlight is how many batches may wait for each stage.
const inFlight = 4

// parallel runs the reader here, every shard on a goroutine of its own, and the
// merger on another. Every shard gets every batch, because time passes for all.
func (r *run) parallel(ctx context.Context) error {
	jobs := make([]chan job, len(r.shards))
	done := make([]chan *writers.Batch, len(r.shards))
	for i, s := range r.shards {
		jobs[i] = make(chan job, inFlight)
		done[i] = make(chan *writers.Batch, inFlight)
		go s.work(uint8(i), jobs[i], done[i])
	}
	var merging sync.WaitGroup
	merging.Go(func() { r.merge(done) })

	free := make(chan *assignment, inFlight+2)
	var err error
	for {
		var b *capture.Batch
		if b, err = r.next(ctx); err != nil {
			break
		}
		var a *assignment
		select {
		case a = <-free:
		default:
			a = &assignment{free: free}
		}
		r.assign(b, a)
		b.Retain(len(jobs) - 1)
		a.refs.Store(int32(len(jobs)))
		for _, c := range jobs {
			c <- job{batch: b, shards: a}
		}
	}
	r.drain(func(limit uint64) {
		for _, c := range jobs {
			c <- job{limit: limit}
		}
	})
	for _, c := range jobs {
		close(c)
	}
	merging.Wait()
	return ignoreEOF(err)
}

// merge takes one result from every shard for every job.
func (r *run) merge(done []chan *writers.Batch) {
	batches := make([]*writers.Batch, len(done))
	for {
		for i, c := range done {
			b, ok := <-c
			if !ok {
				return // all shards end after the same job
			}
			batches[i] = b
		}
		r.merger.Merge(batches...)
	}
}

// writerConfig translates the options of outputs.
func (r *run) writerConfig() (writers.Config, error) {
	o := &r.opts
	cfg := writers.Config{
		Sampling: writers.Sampling{Threshold: uint64(o.Weird.Threshold), Rate: uint64(o.Weird.Rate), Duration: o.Weird.Duration},
		Report:   func(err error) { r.reports = append(r.reports, err) },
		Notice:   o.Notice,
		Sensor:   o.sensor(),
		Version:  o.Version,
	}
	if !o.OpenTime.IsZero() {
		cfg.Now = func() time.Time { return o.OpenTime }
	}
	if errs := o.writerOutputs(&cfg); len(errs) > 0 {
		return cfg, errs[0]
	}
	return cfg, nil
}

// hostname is the name of this host, or the program's if that is not known.
func hostname() string {
	name, err := os.Hostname()
	if err != nil || name == "" {
		return "wirelog"
	}
	return name
}
