// Package metrics serves the state of a run to Prometheus, and says whether the program lives.
// It counts nothing itself: pipeline.Options.Status tells it once a second what the run has
// counted, and a scrape returns what was told last.
package metrics

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/pprof"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/wirelog/wirelog/pipeline"
)

// Options say where metrics are served.
type Options struct {
	Address string `key:"metrics.address" flag:"metrics" doc:"address and port at which Prometheus gets metrics, such as 127.0.0.1:9109, with /healthz and /readyz; none if not given"`
	Control bool   `key:"metrics.control" doc:"let whoever reaches the address reload the configuration and rotate files: POST /-/reload and /-/rotate"`
	Pprof   bool   `key:"metrics.pprof" doc:"serve Go's profiles at /debug/pprof/ of the same address"`
}

// stale is the age from which a status counts as a sign that the run is stuck.
const stale = 15 * time.Second

// A Server serves metrics.
type Server struct {
	listener net.Listener
	http     http.Server
	now      func() time.Time
	began    time.Time
	status   atomic.Pointer[pipeline.Status]
}

// Actions carry out what is asked for with Options.Control.
type Actions struct {
	// Reload reads the configuration again.
	Reload func() error
	// Rotate ends files, and returns what it has done.
	Rotate func() (string, error)
}

// Listen opens the address of o, which must not be empty, and serves metrics until Close.
// version and config, a hash, are in the build info.
func Listen(o Options, version, config string, do Actions) (*Server, error) {
	l, err := net.Listen("tcp", o.Address)
	if err != nil {
		return nil, err
	}
	s := &Server{listener: l, now: time.Now, began: time.Now()}
	s.http = http.Server{Handler: s.handler(o, version, config, do), ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = s.http.Serve(l) }() // ends with Close
	return s, nil
}

// Addr returns the address that is listened at.
func (s *Server) Addr() string { return s.listener.Addr().String() }

// Status takes the state of the run.
func (s *Server) Status(st pipeline.Status) { s.status.Store(&st) }

// Close stops serving.
func (s *Server) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if err := s.http.Shutdown(ctx); err != nil {
		return errors.Join(err, s.http.Close())
	}
	return nil
}

func (s *Server) handler(o Options, version, config string, do Actions) http.Handler {
	reg := prometheus.NewRegistry()
	reg.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), collector{s, version, config})
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(reg, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { s.answer(w, s.healthy()) })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		s.answer(w, s.status.Load() != nil && s.healthy())
	})
	if o.Control {
		mux.HandleFunc("POST /-/reload", func(w http.ResponseWriter, _ *http.Request) {
			answerText(w, "the configuration is reloaded", do.Reload())
		})
		mux.HandleFunc("POST /-/rotate", func(w http.ResponseWriter, _ *http.Request) {
			text, err := do.Rotate()
			answerText(w, text, err)
		})
	}
	if o.Pprof {
		mux.HandleFunc("GET /debug/pprof/", pprof.Index)
		mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
		mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	}
	return mux
}

// answerText answers with a text, or with an error and status 500.
func answerText(w http.ResponseWriter, text string, err error) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	if err != nil {
		w.WriteHeader(http.StatusInternalServerError)
		text = err.Error()
	}
	_, _ = io.WriteString(w, text+"\n") // the client has gone
}

// healthy reports whether the run has told its state of late, and no shard is stuck. Before it has at all, it has
// as long as a status may be old.
func (s *Server) healthy() bool {
	last := s.began
	if st := s.status.Load(); st != nil {
		if len(st.Stuck) > 0 {
			return false
		}
		last = st.Time
	}
	return s.now().Sub(last) < stale
}

func (s *Server) answer(w http.ResponseWriter, ok bool) {
	w.Header().Set("Content-Type", "application/json")
	body := map[string]any{"ok": ok}
	if st := s.status.Load(); st != nil {
		body["status_age_seconds"] = s.now().Sub(st.Time).Seconds()
		if len(st.Stuck) > 0 {
			body["stuck_shards"] = st.Stuck
		}
	}
	if !ok {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	_ = json.NewEncoder(w).Encode(body) // the client has gone
}
