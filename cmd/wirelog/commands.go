package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/wirelog/wirelog/internal/printable"
	"github.com/wirelog/wirelog/sandbox"
	"github.com/wirelog/wirelog/writers"
)

// commandHelper is the argument that makes this program the process that runs the programs of
// finished files for one that is confined and cannot.
const commandHelper = "__commands"

// helperStart is the first message to the helper: what it will be asked to run. Nothing else is
// run, whatever becomes of the process that asks.
type helperStart struct {
	Programs [][]string
	Folders  []string // of finished files, in full
}

// helperRequest asks to run a program for a file, or to stop one.
type helperRequest struct {
	ID      uint64
	Stop    bool // the program of the request with this ID
	Program int  // index in helperStart.Programs
	File    string
	Env     []string
	Timeout time.Duration
}

// helperAnswer tells how a program has ended.
type helperAnswer struct {
	ID    uint64
	Error string // empty if well
}

// serveCommands is the helper. It ends when nobody can ask any more and all programs have ended.
func serveCommands(in io.Reader, out io.Writer) int {
	// A terminal that has the whole group, or systemd, tell everybody; the last files are
	// finished after that.
	signal.Notify(make(chan os.Signal, 1), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	// Programs need none of those that a sensor is given for packet sockets.
	if err := sandbox.DropCapabilities(); err != nil {
		fmt.Fprintln(os.Stderr, "wirelog:", printable.Text(err.Error()))
		return exitUsage
	}
	requests := json.NewDecoder(in)
	var start helperStart
	if err := requests.Decode(&start); err != nil {
		return exitUsage
	}
	var mu sync.Mutex // guards answers and stops
	answers := json.NewEncoder(out)
	stops := map[uint64]context.CancelFunc{}
	var running sync.WaitGroup
	defer running.Wait()
	for {
		var r helperRequest
		if err := requests.Decode(&r); err != nil {
			return exitOK
		}
		mu.Lock()
		if r.Stop {
			if stop := stops[r.ID]; stop != nil {
				stop()
			}
			mu.Unlock()
			continue
		}
		ctx, stop := context.WithCancel(context.Background())
		stops[r.ID] = stop
		mu.Unlock()
		running.Go(func() {
			defer stop()
			a := helperAnswer{ID: r.ID}
			if err := start.run(ctx, &r); err != nil {
				a.Error = err.Error()
			}
			mu.Lock()
			defer mu.Unlock()
			delete(stops, r.ID)
			_ = answers.Encode(a) // whoever asked may be gone
		})
	}
}

// run runs what was announced, for files in the folders that were.
func (s *helperStart) run(ctx context.Context, r *helperRequest) error {
	if r.Program < 0 || r.Program >= len(s.Programs) {
		return errors.New("the program was not announced")
	}
	file, err := filepath.Abs(r.File)
	isBelow := func(dir string) bool {
		rel, err := filepath.Rel(dir, file)
		return err == nil && filepath.IsLocal(rel)
	}
	if err != nil || !slices.ContainsFunc(s.Folders, isBelow) {
		return fmt.Errorf("%s is in no folder of outputs", r.File)
	}
	if slices.ContainsFunc(r.Env, func(v string) bool { return !strings.HasPrefix(v, "WIRELOG_") }) {
		return errors.New("the environment has names of others")
	}
	return (&writers.Command{Program: s.Programs[r.Program], File: r.File, Env: r.Env, Timeout: r.Timeout}).Run(ctx)
}

// A commandClient asks the helper.
type commandClient struct {
	programs [][]string

	mu      sync.Mutex
	out     *json.Encoder
	last    uint64
	waiting map[uint64]chan error
	gone    bool
}

// startCommands starts the helper, which ends with this process.
func startCommands(programs [][]string, folders []string) (*commandClient, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(self, commandHelper)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	c := &commandClient{programs: programs, out: json.NewEncoder(in), waiting: map[uint64]chan error{}}
	start := helperStart{Programs: programs}
	for _, dir := range folders {
		if dir, err = filepath.Abs(dir); err != nil {
			return nil, err
		}
		start.Folders = append(start.Folders, dir)
	}
	if err := c.out.Encode(start); err != nil {
		return nil, err
	}
	go c.listen(out)
	return c, nil
}

// listen hands out the answers.
func (c *commandClient) listen(out io.Reader) {
	answers := json.NewDecoder(out)
	for {
		var a helperAnswer
		err := answers.Decode(&a)
		c.mu.Lock()
		if err != nil {
			c.gone = true
			for id, w := range c.waiting {
				delete(c.waiting, id)
				w <- errHelperGone
			}
			c.mu.Unlock()
			return
		}
		if w := c.waiting[a.ID]; w != nil {
			delete(c.waiting, a.ID)
			if a.Error != "" {
				w <- errors.New(a.Error)
			} else {
				w <- nil
			}
		}
		c.mu.Unlock()
	}
}

var errHelperGone = errors.New("the process that runs programs is gone: the file is finished, and nothing was run for it")

// index returns the place of a program in the announcement, or -1.
func (c *commandClient) index(program []string) int {
	return slices.IndexFunc(c.programs, func(p []string) bool { return slices.Equal(p, program) })
}

// knows reports whether a program was announced.
func (c *commandClient) knows(program []string) bool { return c.index(program) >= 0 }

// run has the helper run a command, until hurry is done at the latest, and waits for its end.
func (c *commandClient) run(hurry context.Context, cmd *writers.Command) error {
	answer := make(chan error, 1)
	c.mu.Lock()
	if c.gone {
		c.mu.Unlock()
		return errHelperGone
	}
	c.last++
	id := c.last
	c.waiting[id] = answer
	err := c.out.Encode(helperRequest{ID: id, Program: c.index(cmd.Program), File: cmd.File, Env: cmd.Env, Timeout: cmd.Timeout})
	if err != nil {
		delete(c.waiting, id)
	}
	c.mu.Unlock()
	if err != nil {
		return fmt.Errorf("%w (%w)", errHelperGone, err)
	}
	select {
	case err := <-answer:
		return err
	case <-hurry.Done():
	}
	c.mu.Lock()
	_ = c.out.Encode(helperRequest{ID: id, Stop: true}) // if the helper is gone, so is the answer
	c.mu.Unlock()
	return <-answer
}
