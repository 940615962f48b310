package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"causeway/internal/admin"
	"causeway/internal/arm"
	"causeway/internal/gateway"
	"causeway/internal/gateway/document"
	"causeway/internal/supervisor"
)

func serveCommand() *cobra.Command {
	var o supervisor.Options
	var bind, api []string
	var logFormat string
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Run a gateway",
		Args:  noDocument,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := checkAllowed(o.Allow); err != nil {
				return err
			}
			var err error
			if o.Bind, err = parseBind(bind); err != nil {
				return err
			}
			if strings.HasPrefix(o.Admin, ":") { // metrics stay on this machine unless the address says otherwise
				o.Admin = "127.0.0.1" + o.Admin
			}
			if err := splitAPI(&o, api); err != nil {
				return err
			}
			return serve(cmd.ErrOrStderr(), o, logFormat)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.Config, "config", "", "gateway document that fills an empty store")
	f.StringVar(&o.Parameters, "parameters", "", "parameters file of a document that is an ARM template")
	f.StringVar(&o.Local, "local", "", "causeway.yaml: settings that an Azure document cannot hold")
	f.StringVar(&o.Data, "data", defaultData(), "data directory for logs and the control socket")
	f.StringVar(&o.Listen, "listen", "", "address at which frontends listen; all addresses of both families without it")
	f.StringArrayVar(&bind, "bind", nil, "separate `FRONTEND=ADDR` for a frontend IP configuration")
	f.IntVar(&o.PortOffset, "port-offset", 0, "number that is added to every port of the document")
	f.StringVar(&o.Admin, "admin", "", "`ADDR:PORT` that serves /healthz, /readyz and /metrics; :PORT is on loopback")
	f.StringArrayVar(&api, "api", nil,
		"`ADDR:PORT` of the management API for Azure's clients; :PORT is on loopback; unix:PATH is a socket, beside it or instead")
	f.StringArrayVar(&o.APINames, "api-name", nil, "further `HOST[:PORT]` under which clients reach the management API")
	f.DurationVar(&o.Drain, "drain", 30*time.Second, "how long requests in progress may take when the gateway stops")
	allowFlag(cmd, &o.Allow)
	f.BoolVar(&o.TakeOver, "take-over", false, "replace the gateway that runs on the data directory: it hands its sockets over and drains")
	choiceFlag(f, &logFormat, "log-format", "", "format of the program's own log", "text", "json")
	return cmd
}

// defaultData is the user's state directory.
func defaultData() string {
	if dir := os.Getenv("XDG_STATE_HOME"); dir != "" {
		return filepath.Join(dir, "causeway")
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "causeway-data"
	}
	return filepath.Join(home, ".local", "state", "causeway")
}

func parseBind(list []string) (map[string]string, error) {
	out := map[string]string{}
	for _, b := range list {
		frontend, address, ok := strings.Cut(b, "=")
		if !ok || frontend == "" || address == "" {
			return nil, &exitError{
				code: exitUsage, err: fmt.Errorf("--bind %s: the value must be FRONTEND=ADDR", b),
				hint: "for example --bind public=192.0.2.10",
			}
		}
		out[frontend] = address
	}
	return out, nil
}

// splitAPI tells the address of the management API from its socket.
func splitAPI(o *supervisor.Options, addresses []string) (err error) {
	for _, a := range addresses {
		into := &o.API
		if path, is := arm.SocketPath(a); is {
			into = &o.APISocket
			if a, err = filepath.Abs(path); err != nil || path == "" {
				return &exitError{
					code: exitUsage, err: errors.Join(errors.New("--api unix: the path of the socket is missing"), err),
					hint: "for example --api unix:/run/causeway/api.sock",
				}
			}
		} else {
			a = arm.Loopback(a)
		}
		if *into != "" {
			return &exitError{
				code: exitUsage, err: fmt.Errorf("--api %s: there is one already, %s", a, *into),
				hint: "the management API has one address and one socket at most",
			}
		}
		*into = a
	}
	return nil
}

func serve(stderr io.Writer, o supervisor.Options, logFormat string) error {
	setLog(stderr, logFormat)
	ctx := untilEnded()
	o.Version, o.LogFormat = buildVersion(), logFormat
	s, problems, err := supervisor.Start(ctx, o)
	writeProblems(stderr, problems)
	if errors.Is(err, supervisor.ErrProved) {
		slog.Info("ended", "by", err)
		return nil
	}
	if err != nil && ctx.Err() != nil {
		slog.Info("ended before it served", "by", context.Cause(ctx))
		return nil
	}
	if err != nil {
		exit := startError(err)
		if gateway.Misused(problems) {
			exit.code = exitUsage
		}
		return exit
	}
	status := s.Status()
	if status.Deleted {
		slog.Info("waiting for a gateway, which a client of the management API creates", "api", status.API, "data", o.Data)
	} else {
		slog.Info("serving", "gateway", status.Name, "ports", status.Ports, "data", o.Data, "logs", status.Logs)
	}
	hup := make(chan os.Signal, 1)
	signal.Notify(hup, syscall.SIGHUP)
	go reloads(ctx, s, hup)
	usr2 := make(chan os.Signal, 1)
	signal.Notify(usr2, syscall.SIGUSR2)
	go upgrades(ctx, s, usr2)
	s.Run(ctx)
	by := "a successor"
	if cause := context.Cause(ctx); cause != nil {
		by = cause.Error()
	}
	slog.Info("ended", "by", by)
	return nil
}

// setLog makes the program's own log.
func setLog(stderr io.Writer, format string) {
	var handler slog.Handler = slog.NewTextHandler(stderr, nil)
	if format == "json" {
		handler = slog.NewJSONHandler(stderr, nil)
	}
	slog.SetDefault(slog.New(handler))
}

// untilEnded is until a signal ends the program; its name is the cause.
func untilEnded() context.Context {
	ctx, end := context.WithCancelCause(context.Background())
	quit := make(chan os.Signal, 1)
	signal.Notify(quit, syscall.SIGTERM, syscall.SIGINT)
	go func() {
		name := "SIGTERM"
		if <-quit == syscall.SIGINT {
			name = "SIGINT"
		}
		slog.Info("ending", "by", name)
		end(errors.New(name))
	}()
	return ctx
}

func startError(err error) *exitError {
	exit := &exitError{code: exitFailed, err: err, hint: admin.HintOf(err)}
	var option *supervisor.OptionError
	var format *document.FormatError
	switch {
	case errors.As(err, &option):
		exit.code = exitUsage
	case errors.Is(err, supervisor.ErrInvalid), errors.As(err, &format):
		exit.code = exitProblems
	}
	return exit
}

func upgrades(ctx context.Context, s *supervisor.Supervisor, usr2 <-chan os.Signal) {
	for range usr2 {
		_ = s.Upgrade(ctx) // its own lines in the log say how that ends
	}
}

func reloads(ctx context.Context, s *supervisor.Supervisor, hup <-chan os.Signal) {
	for range hup {
		problems, err := s.Reload(ctx)
		for _, p := range problems {
			level := slog.LevelWarn
			if p.Severity == gateway.Error {
				level = slog.LevelError
			}
			slog.Log(ctx, level, "configuration", "problem", p.String(), "hint", p.Hint)
		}
		if err != nil {
			slog.Error("reload refused; the previous configuration stays in force", "error", err, "hint", admin.HintOf(err))
			continue
		}
		slog.Info("reloaded", "revision", s.Status().Revision)
	}
}
