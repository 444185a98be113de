package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/wirelog/wirelog/config"
	"github.com/wirelog/wirelog/pipeline"
)

// controller carries out what signals and requests ask of a run.
type controller struct {
	p       *program
	cmd     *cobra.Command
	options func(*config.Loaded) pipeline.Options
	control *pipeline.Control

	mu  sync.Mutex
	cfg *config.Loaded // in force
}

// controlled lets signals change the run with these options, until stop is called: SIGUSR1
// rotates, and SIGHUP reloads the configuration if reloads is set. options makes the options
// of a run with another configuration.
func (p *program) controlled(cmd *cobra.Command, cfg *config.Loaded, opts *pipeline.Options, reloads bool, options func(*config.Loaded) pipeline.Options) (c *controller, stop func()) {
	opts.Control = new(pipeline.Control)
	c = &controller{p: p, cmd: cmd, cfg: cfg, options: options, control: opts.Control}
	if p.controls == nil {
		return c, func() {}
	}
	var reload func()
	if reloads {
		reload = func() { _ = c.reload() } // it has told of the error
	}
	return c, p.controls(reload, func() { _, _ = c.rotate() })
}

// reload reads the configuration again and exchanges what can be exchanged. If it is refused,
// the old one goes on.
func (c *controller) reload() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	next, err := c.load()
	if err != nil {
		err = fmt.Errorf("the new configuration is refused, the old one goes on: %w", err)
		c.p.complain(err)
		return err
	}
	c.cfg = next
	c.p.setLevel(next)
	o := c.options(next)
	c.p.say("the configuration is reloaded: its hash is " + o.ConfigHash())
	return nil
}

func (c *controller) load() (*config.Loaded, error) {
	next, err := config.Load(c.cmd.Flags())
	if err != nil {
		c.control.Refused()
		return nil, err
	}
	if keys := c.cfg.OfCommand(next); len(keys) > 0 {
		c.control.Refused()
		return nil, inFile(next, &pipeline.RestartError{Keys: keys})
	}
	err = c.control.Reload(c.cmd.Context(), c.options(next))
	var restart *pipeline.RestartError
	if errors.As(err, &restart) {
		return nil, inFile(next, err)
	}
	if err != nil {
		return nil, usageError(next, err)
	}
	return next, nil
}

// inFile names the configuration file, if there is one.
func inFile(cfg *config.Loaded, err error) error {
	if cfg.File == "" {
		return err
	}
	return fmt.Errorf("%s: %w", cfg.File, err)
}

// rotate ends the files that rotate, and says how many there were.
func (c *controller) rotate() (string, error) {
	files, without, err := c.control.Rotate()
	if err != nil {
		c.p.complain(fmt.Errorf("rotation: %w", err))
		return "", err
	}
	text := plural(uint64(files), "file") + " ended by rotation"
	if len(without) > 0 {
		text += "; not those of " + strings.Join(without, ", ") + ", which are not rotated (see rotate of outputs)"
	}
	c.p.say(text)
	return text, nil
}

// reloadTimeout is how long a program may take to reload.
const reloadTimeout = 2 * time.Minute

func (p *program) reloadCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "reload",
		Short: "Have a running wirelog read its configuration again",
		Long: `Have a running "wirelog listen", or "wirelog read --follow", read its configuration file
again, and print what has become of it: outputs, filters, conditions and local networks are
exchanged at once, without a packet lost. A configuration that is wrong, or that changes
something else, is refused, and the old one goes on.

The program is found by the address of its metrics, and must allow it: metrics.address and
metrics.control in its configuration. Without them, send it SIGHUP, and read its log.`,
		Example: `  wirelog reload --config /etc/wirelog/wirelog.yaml
  wirelog reload --metrics 127.0.0.1:9109`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return p.askReload(cmd) },
	}
	cmd.Flags().String("config", "", "configuration `file` of the running program, for its metrics.address")
	cmd.Flags().String("metrics", "", "address and port of the metrics of the running program")
	return cmd
}

// askReload asks the running program to reload.
func (p *program) askReload(cmd *cobra.Command) error {
	address, err := cmd.Flags().GetString("metrics")
	if err != nil {
		return err
	}
	if address == "" {
		cfg, err := config.Load(cmd.Flags())
		if err != nil {
			return err
		}
		if address = cfg.Metrics.Address; address == "" {
			return errors.New("reload: no metrics.address is configured, by which the program would be found: name one with --metrics, or send the program SIGHUP")
		}
	}
	ctx, cancel := context.WithTimeout(cmd.Context(), reloadTimeout)
	defer cancel()
	if host, port, err := net.SplitHostPort(address); err == nil && host == "" {
		address = net.JoinHostPort("localhost", port)
	}
	u := url.URL{Scheme: "http", Host: address, Path: "/-/reload"}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, u.String(), nil)
	if err != nil {
		return fmt.Errorf("reload: %w", err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return lossError{fmt.Errorf("reload: %w", err)}
	}
	defer func() { _ = res.Body.Close() }() // it has been read
	body, err := io.ReadAll(io.LimitReader(res.Body, 64<<10))
	text := strings.TrimSpace(string(body))
	switch {
	case err != nil:
		return lossError{fmt.Errorf("reload: %w", err)}
	case res.StatusCode == http.StatusNotFound:
		return lossError{fmt.Errorf("reload: the program at %s does not allow it: set metrics.control, or send it SIGHUP", address)}
	case res.StatusCode != http.StatusOK:
		return lossError{errors.New(text)}
	}
	_, err = fmt.Fprintln(p.stdout, text)
	return err
}
