package metrics

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/wirelog/wirelog/capture"
	"github.com/wirelog/wirelog/logs"
	"github.com/wirelog/wirelog/pipeline"
	"github.com/wirelog/wirelog/writers"
)

func listen(t *testing.T, o Options) *Server {
	t.Helper()
	return acting(t, o, Actions{})
}

func acting(t *testing.T, o Options, do Actions) *Server {
	t.Helper()
	o.Address = "127.0.0.1:0"
	s, err := Listen(o, "1.2.3", "abcd", do)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func get(t *testing.T, s *Server, path string) (status int, body string) {
	t.Helper()
	r, err := http.Get("http://" + s.Addr() + path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return r.StatusCode, string(b)
}

func TestMetrics(t *testing.T) {
	s := listen(t, Options{})
	if _, body := get(t, s, "/metrics"); !strings.Contains(body, `wirelog_build_info{config="abcd",go="go`) || strings.Contains(body, "wirelog_packets_total") {
		t.Errorf("before the first status:\n%s", body)
	}
	at := time.Unix(1_700_000_000, 500_000_000)
	var dropped [writers.MaxReasons]uint64
	dropped[1] = 3
	s.Status(pipeline.Status{
		Start: at.Add(-time.Hour), Time: at, LastPacket: at.Add(-1500 * time.Millisecond), Lag: 1500 * time.Millisecond,
		Source: capture.Stats{Packets: 10, Bytes: 1000, Filtered: 2, Interfaces: []capture.InterfaceStats{
			{Name: "eth1", Kernel: 12, Dropped: 4, Gone: 1, Ring: 65536, Fill: 0.25, Filter: capture.FilterKernel},
			{Name: "eth2", Kernel: 4, Ring: 65536, Filter: capture.FilterProgram},
		}},
		Filter: "tcp or udp", Jobs: []int{5, 6}, Results: []int{0, 7}, MemoryLimit: 1 << 30,
		Overload: 2, Overloads: 3, Shed: map[string]uint64{"streams": 8},
		KernelDropped: 4, KernelSeen: 16, Processed: 9, Dropped: map[string]uint64{"truncated_header": 1}, Shards: []uint64{6, 4},
		Counters: logs.Counters{TCP: 3, ActiveTCP: 2, Gaps: 1, Acks: 8, Events: 77},
		State:    map[string]uint64{"streams": 4096},
		Config:   "ef01", Reloads: pipeline.Reloads{Done: 2, Refused: 1, Last: time.Unix(1_700_000_000, 0)}, Stuck: []int{0},
		Gauges: map[string]map[string]uint64{"kafka": {"spool_bytes": 55}},
		Streams: []writers.StreamStats{{Log: "conn", Output: "kafka", Built: 8, Written: 5, Bytes: 900, Dropped: dropped,
			Marks: []writers.MarkCount{{Name: "files not finished", Count: 1, Bad: true}}}},
	})
	_, body := get(t, s, "/metrics")
	for _, want := range []string{
		"wirelog_packets_total 10", "wirelog_bytes_total 1000", "wirelog_packets_filtered_total 2", "wirelog_kernel_dropped_packets_total 4",
		"wirelog_kernel_packets_total 16", "wirelog_packets_processed_total 9", `wirelog_packets_dropped_total{reason="truncated_header"} 1`,
		`wirelog_shard_packets_total{shard="1"} 4`, `wirelog_connections_total{proto="tcp"} 3`, `wirelog_connections_active{proto="tcp"} 2`,
		"wirelog_tcp_acks_total 8", "wirelog_tcp_gaps_total 1", "wirelog_events_total 77", `wirelog_state_bytes{kind="streams"} 4096`,
		`wirelog_output_held{kind="spool_bytes",output="kafka"} 55`, `wirelog_rows_built_total{log="conn",output="kafka"} 8`,
		`wirelog_rows_written_total{log="conn",output="kafka"} 5`, `wirelog_rows_dropped_total{log="conn",lost="`,
		`wirelog_output_marks_total{bad="true",log="conn",mark="files not finished",output="kafka"} 1`,
		`wirelog_config_reloads_total{result="done"} 2`, `wirelog_config_reloads_total{result="refused"} 1`,
		"wirelog_config_last_reload_success_timestamp_seconds 1.7e+09", "wirelog_shards_stuck 1", `wirelog_build_info{config="ef01",`,
		`wirelog_interface_packets_total{interface="eth2"} 4`, `wirelog_interface_dropped_packets_total{interface="eth1"} 4`,
		`wirelog_interface_gone_total{interface="eth1"} 1`, `wirelog_ring_bytes{interface="eth1"} 65536`, `wirelog_ring_fill_ratio{interface="eth1"} 0.25`,
		`wirelog_filter_info{by="kernel",filter="tcp or udp",interface="eth1"} 1`, `wirelog_filter_info{by="program",filter="tcp or udp",interface="eth2"} 1`,
		`wirelog_shard_queue_batches{shard="1"} 6`, `wirelog_shard_results{shard="1"} 7`, "wirelog_memory_limit_bytes 1.073741824e+09",
		"wirelog_overload_level 2", "wirelog_overloads_total 3", `wirelog_shed_total{kind="streams"} 8`,
		"wirelog_lag_seconds 1.5", "wirelog_status_time_seconds 1.7000000005e+09",
	} {
		if !strings.Contains(body, "\n"+want) {
			t.Errorf("no %s in\n%s", want, body)
		}
	}
}

// The program is ready when the run has told its state, and healthy as long as it goes on to.
func TestHealth(t *testing.T) {
	s := listen(t, Options{})
	now := s.began
	s.now = func() time.Time { return now }
	expect := func(what string, health, ready int) {
		t.Helper()
		if h, _ := get(t, s, "/healthz"); h != health {
			t.Errorf("%s: healthz %d, want %d", what, h, health)
		}
		if r, _ := get(t, s, "/readyz"); r != ready {
			t.Errorf("%s: readyz %d, want %d", what, r, ready)
		}
	}
	expect("at the start", 200, 503)
	now = now.Add(time.Minute)
	expect("without a status", 503, 503)
	s.Status(pipeline.Status{Time: now})
	expect("with a status", 200, 200)
	now = now.Add(time.Minute)
	expect("when it is old", 503, 503)
	s.Status(pipeline.Status{Time: now, Stuck: []int{3}})
	expect("with a shard that is stuck", 503, 503)
	s.Status(pipeline.Status{Time: now})
	expect("when it goes on", 200, 200)
}

// Reloading and rotating is for those who are allowed to.
func TestActions(t *testing.T) {
	var err error
	do := Actions{Reload: func() error { return err }, Rotate: func() (string, error) { return "2 files", err }}
	post := func(s *Server, path string) string {
		r, err := http.Post("http://"+s.Addr()+path, "", nil)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Body.Close()
		b, err := io.ReadAll(r.Body)
		if err != nil {
			t.Fatal(err)
		}
		return r.Status[:4] + string(b)
	}
	s := acting(t, Options{Control: true}, do)
	if got := post(s, "/-/reload") + post(s, "/-/rotate"); got != "200 the configuration is reloaded\n200 2 files\n" {
		t.Errorf("%q", got)
	}
	err = errors.New("x.yaml: no")
	if got := post(s, "/-/reload") + post(s, "/-/rotate"); got != "500 x.yaml: no\n500 x.yaml: no\n" {
		t.Errorf("%q", got)
	}
	if status, _ := get(t, s, "/-/reload"); status != http.StatusMethodNotAllowed {
		t.Errorf("GET: %d", status)
	}
	if got := post(acting(t, Options{}, do), "/-/reload"); !strings.HasPrefix(got, "404") {
		t.Errorf("without the option: %q", got)
	}
}

func TestPprof(t *testing.T) {
	for on, want := range map[bool]int{true: 200, false: 404} {
		if got, _ := get(t, listen(t, Options{Pprof: on}), "/debug/pprof/goroutine"); got != want {
			t.Errorf("pprof %v: %d, want %d", on, got, want)
		}
	}
}

func TestPortTaken(t *testing.T) {
	s := listen(t, Options{})
	if _, err := Listen(Options{Address: s.Addr()}, "", "", Actions{}); err == nil {
		t.Error("a port was taken twice")
	}
}
