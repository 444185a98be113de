package pipeline

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/wirelog/wirelog/capture"
	"github.com/wirelog/wirelog/schemas"
	"github.com/wirelog/wirelog/writers"
)

// stepped is a source that runs an action beside the run at some of its packets, and hands
// out empty batches until the action has ended.
type stepped struct {
	*capture.Batcher
	list  []capture.Packet
	at    map[int]func() // by number of packets
	given int
	wait  chan struct{}
}

func (s *stepped) Next() (*capture.Batch, error) {
	if s.wait != nil {
		select {
		case <-s.wait:
			s.wait = nil
		default:
			return s.Pass(0), nil
		}
	}
	if act := s.at[s.given]; act != nil {
		delete(s.at, s.given)
		done := make(chan struct{})
		s.wait = done
		go func() { act(); close(done) }()
		return s.Pass(0), nil
	}
	for s.given < len(s.list) {
		if err := s.Copy(&s.list[s.given]); err != nil {
			return nil, err
		}
		if s.given++; s.Full() || s.at[s.given] != nil {
			if b := s.Take(); b != nil {
				return b, nil
			}
		}
	}
	if b := s.End(); b != nil {
		return b, nil
	}
	return nil, io.EOF
}

func (s *stepped) Damage() []*capture.DamageError { return nil }
func (s *stepped) Close() error                   { return nil }

// steppedRun runs on the packets of captures, with actions at numbers of packets.
func steppedRun(t *testing.T, paths []string, change func(*Options), at map[int]func(c *Control, o Options)) (Summary, error) {
	t.Helper()
	s := &stepped{at: map[int]func(){}}
	for _, path := range paths {
		list, _ := packetsOf(t, path)
		s.list = append(s.list, list...)
	}
	o := Defaults()
	o.Seed, o.Shards, o.Sensor, o.Control = "test", 1, "tap1", new(Control)
	o.Source = func(b capture.BatcherOptions) (_ capture.Source, err error) {
		s.Batcher, err = capture.NewBatcher(b)
		return s, err
	}
	change(&o)
	for n, act := range at {
		s.at[n] = func() { act(o.Control, o) }
	}
	sum, err := Run(t.Context(), o)
	checkSummary(t, &sum)
	return sum, err
}

// jsonOutput is an output to a folder.
func jsonOutput(name, dir string) Output {
	s := JSONSettings{FileSettings: defaultFiles(), Timestamps: TimestampsEpoch, Naming: NamingZeek}
	s.Dir = filepath.Join(dir, name)
	return Output{Type: FormatJSON, Name: name, Settings: &s}
}

// linesOf returns the rows of all logs below a folder, sorted.
func linesOf(t *testing.T, dir string) (all []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) || err == nil && (d.IsDir() || filepath.Ext(path) != ".log") {
			return nil
		}
		b, err := os.ReadFile(path)
		for line := range strings.Lines(string(b)) {
			all = append(all, d.Name()+" "+line)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(all)
	return all
}

// loadCaptures are captures whose packets are in order of time.
var loadCaptures = []string{"../testdata/mixed.pcap"}

// While packets come, outputs are exchanged several times, on any number of shards: each row
// is written once, by one output or the other, and each packet is processed.
func TestReloadUnderLoad(t *testing.T) {
	ref := t.TempDir()
	if _, err := steppedRun(t, loadCaptures, func(o *Options) { o.Outputs = []Output{jsonOutput("ref", ref)} }, nil); err != nil {
		t.Fatal(err)
	}
	want := linesOf(t, ref)
	list, _ := packetsOf(t, loadCaptures[0])
	const reloads = 5
	for _, shards := range []int{1, 2, 3} {
		dir := t.TempDir()
		name := func(i int) string { return string(rune('a' + i)) }
		at := map[int]func(*Control, Options){}
		for i := range reloads {
			at[(i+1)*len(list)/(reloads+1)] = func(c *Control, o Options) {
				o.Outputs = []Output{jsonOutput(name(i+1), dir)}
				if err := c.Reload(context.Background(), o); err != nil {
					t.Error(err)
				}
			}
		}
		sum, err := steppedRun(t, loadCaptures, func(o *Options) {
			o.Shards, o.Outputs = shards, []Output{jsonOutput(name(0), dir)}
		}, at)
		if err != nil {
			t.Fatal(err)
		}
		if got := linesOf(t, dir); !slices.Equal(got, want) {
			t.Errorf("%d shards: %d rows, want %d", shards, len(got), len(want))
		}
		some := 0
		for i := range reloads + 1 {
			if len(linesOf(t, filepath.Join(dir, name(i)))) > 0 {
				some++
			}
		}
		rows := uint64(0)
		for _, l := range sum.Logs {
			rows += l.Written
		}
		if some < 2 || int(rows) != len(want) || sum.Packets != uint64(len(list)) || sum.Processed != sum.Packets {
			t.Errorf("%d shards: %d outputs have rows, %d rows counted, want %d; %d packets of %d", shards, some, rows, len(want), sum.Processed, len(list))
		}
	}
}

// Reloads come from elsewhere at any moment, and packets do not wait.
func TestReloadAtAnyMoment(t *testing.T) {
	ref := t.TempDir()
	if _, err := steppedRun(t, loadCaptures, func(o *Options) { o.Outputs = []Output{jsonOutput("ref", ref)} }, nil); err != nil {
		t.Fatal(err)
	}
	want := linesOf(t, ref)
	for _, shards := range []int{1, 3} {
		dir := t.TempDir()
		var wg sync.WaitGroup
		done := 0
		_, err := steppedRun(t, loadCaptures, func(o *Options) {
			o.Shards, o.Outputs = shards, []Output{jsonOutput("first", dir)}
			c, next := o.Control, *o
			wg.Go(func() {
				for i := 0; ; i++ {
					next.Outputs = []Output{jsonOutput("next", filepath.Join(dir, string(rune('a'+i%26)), strings.Repeat("x", i/26+1)))}
					switch err := c.Reload(context.Background(), next); {
					case err == nil:
						done++
					case errors.Is(err, ErrNoRun) && done > 0:
						return
					case !errors.Is(err, ErrNoRun):
						t.Error(err)
						return
					}
				}
			})
		}, map[int]func(*Control, Options){0: func(c *Control, o Options) {
			o.Outputs = []Output{jsonOutput("begun", dir)} // the run has begun
			if err := c.Reload(context.Background(), o); err != nil {
				t.Error(err)
			}
		}})
		wg.Wait()
		if err != nil {
			t.Fatal(err)
		}
		if got := linesOf(t, dir); !slices.Equal(got, want) {
			t.Errorf("%d shards, %d reloads: %d rows, want %d", shards, done, len(got), len(want))
		}
	}
}

// Filter, conditions and local networks change between two packets; what is wrong, or would
// take a restart, is refused by name and changes nothing.
func TestReload(t *testing.T) {
	dir := t.TempDir()
	list, _ := packetsOf(t, loadCaptures[0])
	half := len(list) / 2
	var seen []Status
	refused := func(c *Control, o Options) {
		for name, x := range map[string]struct {
			change func(*Options)
			want   string
		}{
			"shards and a limit": {func(o *Options) { o.Shards = 7; o.Dissect.Conn.Connections = 9 }, "limits.connections, shards: a change takes a restart"},
			"a condition":        {func(o *Options) { o.Outputs[0].Where = map[string]string{"conn": "durration > 1"} }, "outputs[0]"},
			"a filter":           {func(o *Options) { o.Filter = "tcp and" }, "Filter"},
			"another log":        {func(o *Options) { o.OptionalLogs = []string{"conn_long"} }, "OptionalLogs: conn_long"},
			"columns of a file":  {func(o *Options) { o.Outputs[0].Drop = []string{"history"} }, "rows of this run"},
			"events":             {func(o *Options) { o.Outputs[0].Events = true }, "events: a change takes a restart"},
			"another form of the files": {func(o *Options) {
				s := *o.Outputs[0].Settings.(*JSONSettings)
				s.Timestamps, o.Outputs[0].Settings = TimestampsISO8601, &s
			}, "another form would replace"},
		} {
			bad := o
			bad.Outputs = slices.Clone(o.Outputs)
			x.change(&bad)
			if err := c.Reload(context.Background(), bad); err == nil || !strings.Contains(err.Error(), x.want) {
				t.Errorf("%s: %v, want %q", name, err, x.want)
			}
		}
	}
	var hash string
	sum, err := steppedRun(t, loadCaptures, func(o *Options) {
		o.Outputs, o.LocalNets = []Output{jsonOutput("out", dir)}, nil
		o.Status = func(s Status) { seen = append(seen, s) }
	}, map[int]func(*Control, Options){half: func(c *Control, o Options) {
		refused(c, o)
		o.Outputs = slices.Clone(o.Outputs)
		o.Outputs[0].Where = map[string]string{"weird": "false"}
		o.LocalNets = []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0")}
		o.Filter = "tcp"
		if err := c.Reload(context.Background(), o); err != nil {
			t.Error(err)
		}
		hash = o.ConfigHash()
	}})
	if err != nil {
		t.Fatal(err)
	}
	tcp := 0
	for _, p := range list[half:] {
		b, err := capture.NewBatcher(capture.BatcherOptions{Filter: "tcp"})
		if err == nil {
			err = b.Copy(&p)
		}
		if err != nil {
			t.Fatal(err)
		}
		tcp += int(b.Stats().Packets)
	}
	if sum.Filter != "tcp" || int(sum.Processed) != half+tcp || tcp == 0 || tcp == len(list)-half {
		t.Errorf("filter %q, %d packets processed, want %d and %d", sum.Filter, sum.Processed, half, tcp)
	}
	last := seen[len(seen)-1]
	if last.Config != hash || hash == seen[0].Config && len(seen) > 1 && seen[0].Reloads.Done == 0 || last.Reloads.Done != 1 || last.Reloads.Refused != 7 || last.Reloads.Last.IsZero() {
		t.Errorf("status: config %s, want %s; %+v", last.Config, hash, last.Reloads)
	}
	var with, without int
	for _, line := range linesOf(t, dir) {
		if strings.HasPrefix(line, "conn.log ") {
			if strings.Contains(line, `"local_orig":true`) {
				with++
			} else {
				without++
			}
		}
	}
	if with == 0 {
		t.Errorf("conn rows with local networks %d, without %d", with, without)
	}
	if err := new(Control).Reload(context.Background(), Defaults()); !errors.Is(err, ErrNoRun) {
		t.Errorf("without a run: %v", err)
	}
}

func TestControlRotates(t *testing.T) {
	dir := t.TempDir()
	list, _ := packetsOf(t, loadCaptures[0])
	ended := 0
	_, err := steppedRun(t, loadCaptures, func(o *Options) {
		out := jsonOutput("out", dir)
		out.Settings.(*JSONSettings).Rotate = 24 * time.Hour
		o.Outputs = []Output{out, jsonOutput("plain", dir)}
	}, map[int]func(*Control, Options){len(list) / 2: func(c *Control, _ Options) {
		n, without, err := c.Rotate()
		if ended = n; err != nil || !slices.Equal(without, []string{"plain"}) {
			t.Errorf("not rotated: %q, %v", without, err)
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	if files, _ := filepath.Glob(filepath.Join(dir, "out", "*.log")); ended == 0 || len(files) <= ended {
		t.Errorf("%d files ended, files %q", ended, files)
	}
}

// blocking is a place that takes no row until it may.
type blocking struct {
	may  chan struct{}
	info writers.StreamInfo
}

func (p *blocking) Type() string                                       { return "blocking" }
func (p *blocking) Start(writers.Env) error                            { return nil }
func (p *blocking) Encoder(info writers.StreamInfo) writers.RowEncoder { return lineEncoder{} }
func (p *blocking) Open(info writers.StreamInfo) (writers.Stream, error) {
	return &blocking{p.may, info}, nil
}
func (p *blocking) Write(rows []writers.Row) {
	<-p.may
	p.info.Counts.Wrote(uint64(len(rows)))
}
func (p *blocking) Tick(time.Time) {}
func (p *blocking) Flush()         {}
func (p *blocking) Close() error   { return nil }

type lineEncoder struct{}

func (lineEncoder) Append(dst []byte, _ schemas.Record) []byte { return append(dst, '\n') }

// An output that makes everything wait, such as a broker that is away, is no sign that the
// program is stuck: it goes on to tell its state.
func TestStatusWhileAnOutputWaits(t *testing.T) {
	for _, shards := range []int{1, 2} {
		may := make(chan struct{})
		told := 0
		out := runOn(t, loadCaptures, func(o *Options) {
			o.EventsFile, o.Shards, o.StuckAfter = "", shards, time.Nanosecond
			o.OptionalLogs = []string{"sensor"}
			o.OutputFactories = []OutputFactory{{Name: "blocking", Make: func(_ *Options, _ any, w *writers.Output) error {
				w.Place = &blocking{may: may}
				return nil
			}}}
			o.Outputs = []Output{{Type: "blocking"}}
			o.Status = func(s Status) {
				if told++; told == 3 {
					close(may)
				}
				if told < 3 && len(s.Stuck) > 0 && shards == 1 {
					t.Errorf("shards %v are stuck", s.Stuck)
				}
			}
		})
		if out.err != nil || told < 3 {
			t.Errorf("%d shards: told %d times, %v", shards, told, out.err)
		}
	}
}

// A shard that does not finish a batch is told of once, and again when it goes on.
func TestStuckShard(t *testing.T) {
	var notices []string
	r := &run{shards: []*shard{{}, {}}}
	r.opts.StuckAfter = time.Minute
	r.opts.Notice = func(msg string) { notices = append(notices, msg) }
	said := logged(t)
	var x stuck
	begun := time.Now()
	r.shards[1].busy.begin()
	if got := x.tick(r, begun.Add(time.Second)); len(got) != 0 || said.Len() != 0 {
		t.Errorf("stuck after a second: %v", got)
	}
	for range 2 {
		if got := x.tick(r, begun.Add(2*time.Minute)); !slices.Equal(got, []int{1}) {
			t.Errorf("stuck: %v", got)
		}
	}
	if text := said.String(); strings.Count(text, "is stuck") != 1 || !strings.Contains(text, "shard=1") || !strings.Contains(text, "TestStuckShard") {
		t.Errorf("said %q", text)
	}
	r.shards[1].busy.end()
	if got := x.tick(r, begun.Add(3*time.Minute)); len(got) != 0 || len(notices) != 1 || !strings.Contains(notices[0], "go on") {
		t.Errorf("%v, %q", got, notices)
	}
}

// logged returns what slog says during the test.
func logged(t *testing.T) *strings.Builder {
	var said strings.Builder
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(&said, nil)))
	t.Cleanup(func() { slog.SetDefault(before) })
	return &said
}
