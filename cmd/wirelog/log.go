package main

import (
	"context"
	"io"
	"log/slog"
	"strings"
	"sync"

	"github.com/wirelog/wirelog/config"
	"github.com/wirelog/wirelog/internal/printable"
)

// lines is a slog.Handler that prints a line for each record: "wirelog: " and the message,
// with attributes behind it.
type lines struct {
	mu    *sync.Mutex
	w     io.Writer
	level slog.Leveler
	attrs string
	group string
}

func newLines(w io.Writer, level slog.Leveler) *lines {
	return &lines{mu: new(sync.Mutex), w: w, level: level}
}

// Enabled implements slog.Handler.
func (h *lines) Enabled(_ context.Context, l slog.Level) bool { return l >= h.level.Level() }

// Handle implements slog.Handler.
func (h *lines) Handle(_ context.Context, r slog.Record) error {
	var b strings.Builder
	b.WriteString("wirelog: ")
	b.WriteString(printable.Text(r.Message))
	b.WriteString(h.attrs)
	r.Attrs(func(a slog.Attr) bool {
		b.WriteString(h.text(a))
		return true
	})
	b.WriteByte('\n')
	h.mu.Lock()
	defer h.mu.Unlock()
	_, err := io.WriteString(h.w, b.String())
	return err
}

// text is an attribute as it is printed.
func (h *lines) text(a slog.Attr) string {
	return " " + printable.Text(h.group+a.Key+"="+a.Value.Resolve().String())
}

// WithAttrs implements slog.Handler.
func (h *lines) WithAttrs(attrs []slog.Attr) slog.Handler {
	c := *h
	for _, a := range attrs {
		c.attrs += h.text(a)
	}
	return &c
}

// WithGroup implements slog.Handler.
func (h *lines) WithGroup(name string) slog.Handler {
	c := *h
	c.group += name + "."
	return &c
}

// logTo makes the program log to w as its configuration says: what it says on standard error
// in the course of a run, and what its packages say through slog.
func (p *program) logTo(w io.Writer, cfg *config.Loaded) {
	p.setLevel(cfg)
	var h slog.Handler = newLines(w, &p.level)
	if cfg.LogFormat == config.LogJSON {
		h = slog.NewJSONHandler(w, &slog.HandlerOptions{Level: &p.level})
	}
	p.log = slog.New(h)
	slog.SetDefault(p.log)
}

// setLevel sets the level of the log.
func (p *program) setLevel(cfg *config.Loaded) {
	var l slog.Level
	if l.UnmarshalText([]byte(cfg.LogLevel)) == nil { // it is one of those that config allows
		p.level.Set(l)
	}
}

// logger returns the log of the program, lines on standard error until logTo was called.
func (p *program) logger() *slog.Logger {
	if p.log == nil {
		p.log = slog.New(newLines(p.stderr, &p.level))
	}
	return p.log
}

// say logs a message that is not an error.
func (p *program) say(msg string) { p.logger().Info(msg) }

// complain logs an error, each that it consists of on a line of its own.
func (p *program) complain(err error) {
	for _, line := range printable.Lines(err) {
		p.logger().Error(line)
	}
}
