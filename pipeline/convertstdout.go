package pipeline

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/wirelog/wirelog/writers"
	"github.com/wirelog/wirelog/writers/json"
	"github.com/wirelog/wirelog/writers/tsv"
)

// toStdout changes an output to standard output, which several logs share if a row, or
// the header above it, names its log.
func (c *conversion) toStdout(w *writers.Output) error {
	var names []string
	for _, s := range c.logs {
		names = append(names, s.Name)
	}
	several := ""
	switch f := w.Format.(type) {
	case nil:
		if c.opts.Format != FormatArrow {
			return fmt.Errorf("to %s: its files lie in a tree of folders: name its root with -o", c.opts.Format)
		}
		several = "choose one with --logs"
	case tsv.Format:
	case json.Format:
		if !f.Streaming && f.Naming == nil {
			several = "choose one with --logs, or add --streaming, so that each row names its log"
		}
	default:
		several = "choose one with --logs"
	}
	if len(names) > 1 && several != "" {
		return fmt.Errorf("to %s: standard output would have the rows of %d logs (%s): %s", c.opts.Format, len(names), strings.Join(names, ", "), several)
	}
	if w.Format == nil {
		s := defaultArrow("", stdoutPath)
		s.Flat, s.Compress, s.AllColumns = c.opts.Flat, c.opts.Compress, c.opts.AllColumns
		if s.Compress == "" {
			s.Compress = writers.CompressNone
		}
		*w = writers.Output{}
		return s.apply(w)
	}
	to := c.opts.Stdout
	if to == nil {
		to = os.Stdout
	}
	*w = writers.Output{Place: &stdoutPlace{format: w.Format, to: to}}
	return nil
}

// stdoutPlace is the writers.Place of lines to one writer. The rows of a log follow the
// header of the log.
type stdoutPlace struct {
	format writers.Format
	to     io.Writer
	env    writers.Env
	// last is the stream whose header was written last.
	last   *stdoutStream
	failed bool
}

// Type returns the name of the format.
func (p *stdoutPlace) Type() string { return p.format.Name() }

// Start takes env.
func (p *stdoutPlace) Start(env writers.Env) error {
	p.env = env
	return nil
}

// Encoder returns an encoder of the format.
func (p *stdoutPlace) Encoder(info writers.StreamInfo) writers.RowEncoder {
	return p.format.Encoder(info.Schema, info.Groups)
}

// Open begins the stream of a log.
func (p *stdoutPlace) Open(info writers.StreamInfo) (writers.Stream, error) {
	return &stdoutStream{place: p, info: info, encoder: p.format.Encoder(info.Schema, info.Groups)}, nil
}

// Close writes the end of the last log.
func (p *stdoutPlace) Close() error {
	if p.last == nil || p.failed {
		return nil
	}
	return p.out(p.last.encoder.AppendFooter(nil, p.env.Now()))
}

var errStdout = errors.New("standard output")

func (p *stdoutPlace) out(b []byte) error {
	if len(b) == 0 {
		return nil
	}
	if _, err := p.to.Write(b); err != nil {
		p.failed = true
		return fmt.Errorf("%w: %w", errStdout, err)
	}
	return nil
}

// A stdoutStream is one log.
type stdoutStream struct {
	place   *stdoutPlace
	info    writers.StreamInfo
	encoder writers.Encoder
	buf     []byte
}

// Write writes rows, after the header of the log if the rows before are of another one.
// After an error it writes nothing more.
func (s *stdoutStream) Write(rows []writers.Row) {
	p := s.place
	if p.failed {
		s.info.Counts.Dropped(writers.DropWrite, uint64(len(rows)))
		return
	}
	s.buf = s.buf[:0]
	if p.last != s {
		if p.last != nil {
			s.buf = p.last.encoder.AppendFooter(s.buf, p.env.Now())
		}
		s.buf = s.encoder.AppendHeader(s.buf, p.env.Now())
		p.last = s
	}
	for i := range rows {
		s.buf = append(s.buf, rows[i].Data...)
	}
	if err := p.out(s.buf); err != nil {
		p.env.Report(err)
		s.info.Counts.Dropped(writers.DropWrite, uint64(len(rows)))
		return
	}
	s.info.Counts.Wrote(uint64(len(rows)))
	s.info.Counts.Bytes(uint64(len(s.buf)))
}

// Tick, Flush and Close do nothing: Write keeps nothing back.
func (s *stdoutStream) Tick(time.Time) {}

// Flush does nothing.
func (s *stdoutStream) Flush() {}

// Close does nothing.
func (s *stdoutStream) Close() error { return nil }
