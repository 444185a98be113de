package capture

import (
	"errors"
	"io"
	"os"
	"sync"
	"time"
)

// errNothingYet is the error of pipe.Read when its caller would have to wait.
var errNothingYet = errors.New("nothing has come yet")

// pipe reads an input that may keep its reader waiting, on a goroutine of its own, so that
// the reader can do something else meanwhile. The goroutine opens and decompresses it, too:
// a named pipe cannot be opened before it has a writer.
type pipe struct {
	full chan chunk // what was read
	free chan []byte
	quit chan struct{}

	mu     sync.Mutex
	file   io.Closer // nil until it is open, and for standard input
	closed bool

	// Of the reader.
	cur   chunk // being read
	raw   int64 // bytes of the input, before decompression, that led to cur
	comp  string
	fresh bool // cur is new since it was last asked
}

// chunk is a piece of the content of a pipe, or its end.
type chunk struct {
	buf  []byte // to be put back into free
	data []byte // the rest of buf
	raw  int64
	comp string
	err  error
}

const (
	chunkSize = 64 << 10
	chunks    = 8 // that are read ahead
)

var chunkPool = sync.Pool{New: func() any { return new([chunkSize]byte) }}

func newPipe(in input, stdin io.Reader) *pipe {
	p := &pipe{full: make(chan chunk, chunks), free: make(chan []byte, chunks), quit: make(chan struct{})}
	go p.run(in, stdin)
	return p
}

func (p *pipe) run(in input, stdin io.Reader) {
	end := func(what string, err error) {
		if what != "" {
			err = &openError{what, err}
		}
		p.send(chunk{err: err})
	}
	f := stdin
	if in.path != stdinPath {
		osf, err := os.Open(in.path)
		if err != nil {
			end("cannot be opened", err)
			return
		}
		if !p.opened(osf) {
			return
		}
		f = osf
	}
	s, err := newStream(f, streamSize)
	defer s.close()
	if err != nil {
		end("cannot be read", err)
		return
	}
	for {
		var buf []byte
		select {
		case buf = <-p.free:
		default:
			buf = chunkPool.Get().(*[chunkSize]byte)[:]
		}
		n, err := s.r.Read(buf)
		c := chunk{buf: buf, data: buf[:n], raw: s.raw.n, comp: s.comp, err: err}
		if !p.send(c) || err != nil {
			return
		}
	}
}

// send reports whether the reader wants more.
func (p *pipe) send(c chunk) bool {
	select {
	case p.full <- c:
		return true
	case <-p.quit:
		return false
	}
}

// opened notes the open file, and closes it if the pipe is closed.
func (p *pipe) opened(f io.Closer) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		f.Close()
		return false
	}
	p.file = f
	return true
}

// close ends the goroutine, unless it waits in Options.Stdin.
func (p *pipe) close() {
	close(p.quit)
	p.mu.Lock()
	p.closed = true
	if p.file != nil {
		p.file.Close()
	}
	p.mu.Unlock()
	p.put(p.cur.buf)
	p.cur = chunk{}
	for {
		select {
		case c := <-p.full:
			p.put(c.buf)
		case b := <-p.free:
			p.put(b)
		default:
			return
		}
	}
}

func (p *pipe) put(b []byte) {
	if len(b) == chunkSize {
		chunkPool.Put((*[chunkSize]byte)(b))
	}
}

// Read returns errNothingYet rather than wait.
func (p *pipe) Read(b []byte) (int, error) {
	for len(p.cur.data) == 0 {
		if p.cur.err != nil {
			return 0, p.cur.err
		}
		select {
		case c := <-p.full:
			p.take(c)
		default:
			return 0, errNothingYet
		}
	}
	n := copy(b, p.cur.data)
	p.cur.data = p.cur.data[n:]
	return n, nil
}

// take makes c the chunk being read.
func (p *pipe) take(c chunk) {
	if p.cur.buf != nil {
		select {
		case p.free <- p.cur.buf:
		default:
			p.put(p.cur.buf)
		}
	}
	p.cur = c
	p.fresh = true
	if c.buf != nil {
		p.raw, p.comp = c.raw, c.comp
	}
}

const (
	// maxWait is how long a batch may wait for packets, and how long a reader waits before
	// it says that nothing comes.
	maxWait = 100 * time.Millisecond
	// maxLag is how far packets' times may be from the wall clock when they come for idle
	// time to move the run's clock, which then lags as much: a packet that is still on its
	// way may be as old.
	maxLag = 5 * time.Second
	// lagMemory is how long idle time does not move the clock after a packet that was not
	// within maxLag of the wall clock.
	lagMemory = time.Minute
)

// waiting is the state of a reader of pipes.
type waiting struct {
	now   func() time.Time
	after func(time.Duration) <-chan time.Time

	timer   *time.Timer
	began   time.Time // when the reader first waited with packets in the batch, or zero
	arrived time.Time // of the last chunk
	live    bool      // the last packet's time was near the wall clock
	late    time.Time // when a packet last came whose time was not
}

func (w *waiting) init() {
	w.now = time.Now
	w.after = func(d time.Duration) <-chan time.Time {
		if w.timer == nil {
			w.timer = time.NewTimer(d)
		} else {
			w.timer.Reset(d)
		}
		return w.timer.C
	}
}

// wait waits for p to go on, for maxWait at most or as long as the batch may wait, and
// reports whether something has come.
func (r *Reader) wait(p *pipe) bool {
	w := &r.waiting
	now := w.now()
	limit := maxWait
	if r.batcher.pendingPackets() > 0 {
		if w.began.IsZero() {
			w.began = now
		}
		limit -= now.Sub(w.began)
		if limit <= 0 {
			return false
		}
	}
	select {
	case c := <-p.full:
		p.take(c)
		return true
	case <-w.after(limit):
	}
	// Both may be ready; what has come goes first.
	select {
	case c := <-p.full:
		p.take(c)
		return true
	default:
		return false
	}
}

// came notes the time of a packet of p.
func (w *waiting) came(p *pipe, at int64) {
	if p.fresh {
		p.fresh = false
		w.arrived = w.now()
	}
	lag := w.arrived.UnixNano() - at
	if w.live = -int64(maxLag) <= lag && lag <= int64(maxLag); !w.live {
		w.late = w.arrived
	}
}

// pause returns what there is of a batch while nothing comes.
func (r *Reader) pause() *Batch {
	w := &r.waiting
	w.began = time.Time{}
	var b *Batch
	if now := w.now(); w.live && (w.late.IsZero() || now.Sub(w.late) > lagMemory) {
		b = r.batcher.Pass(now.Add(-maxLag).UnixNano())
	} else {
		b = r.batcher.idle()
	}
	b.Idle = true
	return b
}
