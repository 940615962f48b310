package main

import (
	"cmp"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"text/template"
	"time"

	"causeway/internal/collect"
	"causeway/internal/evidence"

	"github.com/spf13/cobra"
)

//go:embed collect.sh
var collectScript string

// collection is what the script is filled with.
type collection struct {
	Group, Gateway, Subscription, Cloud, Storage, Workspace, From, To, Bundle string

	Start, End int64 // From and To in seconds: not every date reads times

	Own bool // the cloud is none of Azure's
}

// clouds by the word that people use, with the name that az has for them.
var clouds = map[string]string{"public": "AzureCloud", "usgov": "AzureUSGovernment", "china": "AzureChinaCloud"}

func collectCommand() *cobra.Command {
	var c collection
	var since, until, cloud, script string
	var run, redact bool
	var over collect.Options
	cmd := &cobra.Command{
		Use:   "collect -g GROUP -n GATEWAY",
		Short: "Collect the evidence of a gateway in Azure",
		RunE: func(cmd *cobra.Command, paths []string) error {
			if redact { // the name of the command before it was one
				fmt.Fprintln(cmd.ErrOrStderr(), "collect --redact is an old name of causeway redact")
			}
			if redact && c.Gateway == "" {
				if len(paths) == 0 {
					return &exitError{
						code: exitUsage, err: errors.New("redact: no evidence was given"),
						hint: "causeway redact gw1.tar.gz --bundle gw1-redacted.tar.gz",
					}
				}
				return redactFile(cmd, paths, time.Time{}, cmp.Or(c.Bundle, "redacted.tar.gz"))
			}
			if err := c.complete(cloud, since, until, paths); err != nil {
				return err
			}
			if over.API == "" {
				return collectByScript(cmd, c, script, run, redact)
			}
			if run || script != "" {
				return &exitError{
					exitUsage, errors.New("collect --api runs no script: it takes neither --run nor --script"), "leave them out",
				}
			}
			if err := collectOver(cmd, c, over); err != nil || !redact {
				return err
			}
			return redactBundle(cmd, c)
		},
	}
	f := cmd.Flags()
	f.StringVarP(&c.Group, "resource-group", "g", "", "resource group of the gateway")
	f.StringVarP(&c.Gateway, "name", "n", "", "name of the gateway")
	f.StringVar(&c.Subscription, "subscription", "", "subscription; that of az without it")
	f.StringVar(&cloud, "cloud", "public", "cloud of the gateway: public, usgov, china, or the name that az has for another one")
	f.StringVar(&c.Storage, "storage", "", "storage account with the logs; that of the diagnostic settings without it")
	f.StringVar(&c.Workspace, "workspace", "", "workspace id (GUID) with the logs; that of the diagnostic settings without it")
	f.StringVar(&since, "since", "24h", "start of the window: a time, or how long ago")
	f.StringVar(&until, "until", "", "end of the window; now without it")
	f.StringVar(&script, "script", "", "file for the script; standard output without it")
	f.StringVar(&c.Bundle, "bundle", "", "file for the bundle; GATEWAY.tar.gz without it")
	f.BoolVar(&run, "run", false, "run the script")
	f.StringVar(&over.API, "api", "", "`https://HOST:PORT` of a Causeway's management API, or unix:PATH: collect over it, without az")
	f.StringVar(&over.CA, "ca", "", "with --api: file with the certificate to trust, as causeway api trust names it")
	f.StringVar(&over.ClientID, "client-id", "", "with --api: client id of a credential; its secret is in CAUSEWAY_CLIENT_SECRET")
	f.BoolVar(&redact, "redact", false, "with --run or --api, also write a redacted copy; without -n the same as causeway redact")
	f.Lookup("redact").Hidden = true
	return cmd
}

// collectByScript writes the script to a file, or to standard output without one; or it runs the script.
func collectByScript(cmd *cobra.Command, c collection, file string, run, redact bool) error {
	text, err := c.script()
	if err != nil {
		return &exitError{code: exitFailed, err: fmt.Errorf("write the script: %w", err)}
	}
	if !run {
		return writeScript(cmd.OutOrStdout(), file, text)
	}
	if err := runScript(cmd, text); err != nil || !redact {
		return err
	}
	return redactBundle(cmd, c)
}

// redactBundle writes a redacted copy beside the bundle.
func redactBundle(cmd *cobra.Command, c collection) error {
	return redactFile(cmd, []string{c.Bundle}, time.Time{}, strings.TrimSuffix(c.Bundle, ".tar.gz")+"-redacted.tar.gz")
}

// secretVariable has the secret of a credential: a command line can be read by others.
const secretVariable = "CAUSEWAY_CLIENT_SECRET"

// collectOver collects over the management API of a Causeway.
func collectOver(cmd *cobra.Command, c collection, o collect.Options) error {
	o.Secret = os.Getenv(secretVariable)
	if _, onSocket := o.OnSocket(); !onSocket && (o.ClientID == "" || o.Secret == "") {
		return &exitError{
			exitUsage, errors.New("collect --api needs --client-id, and the secret in " + secretVariable),
			"causeway api credentials create --role reader, on the gateway's machine",
		}
	}
	o.Subscription, o.Group, o.Gateway, o.From, o.To = c.Subscription, c.Group, c.Gateway, time.Unix(c.Start, 0), time.Unix(c.End, 0)
	f, err := os.CreateTemp(filepath.Dir(c.Bundle), "."+filepath.Base(c.Bundle)+"-*") // mode 0600
	if err != nil {
		return &exitError{code: exitFailed, err: fmt.Errorf("write the bundle: %w", err)}
	}
	defer os.Remove(f.Name()) // after the rename there is none
	missing, err := collect.Gather(cmd.Context(), o, f)
	if err = errors.Join(err, f.Close()); err != nil {
		code := exitFailed
		if errors.Is(err, collect.ErrNotHTTPS) {
			code = exitUsage
		}
		return &exitError{
			code, fmt.Errorf("collect over %s: %w", o.API, err), overHint(o, err),
		}
	}
	if err := os.Rename(f.Name(), c.Bundle); err != nil {
		return &exitError{code: exitFailed, err: fmt.Errorf("write the bundle: %w", err)}
	}
	fmt.Fprintf(cmd.ErrOrStderr(), "%s is ready: causeway diagnose %s\n", c.Bundle, c.Bundle)
	for _, m := range missing {
		fmt.Fprintln(cmd.ErrOrStderr(), "not collected:", evidence.Printable(m))
	}
	return nil
}

// overHint is what to do when an API gave nothing.
func overHint(o collect.Options, err error) string {
	var absent *collect.AbsentError
	path, onSocket := o.OnSocket()
	switch {
	case errors.As(err, &absent) && len(absent.Others) > 0:
		return evidence.Printable("the API has: " + strings.Join(absent.Others, "; "))
	case errors.As(err, &absent):
		return "the API has no gateway in this subscription; --subscription names another one"
	case onSocket && errors.Is(err, os.ErrNotExist):
		return "there is no socket at this path: causeway api trust, on the gateway's machine, prints the path; causeway serve --api unix:PATH makes one"
	case onSocket && errors.Is(err, syscall.ECONNREFUSED):
		return evidence.Printable("no gateway answers at this socket any more: start it with causeway serve --api unix:" + path)
	case onSocket:
		return "root and the user that runs Causeway may use the socket; causeway api trust prints its path"
	}
	return "causeway api trust, on the gateway's machine, prints the address and the certificate; causeway api credentials list the client ids"
}

func (c *collection) complete(cloud, since, until string, paths []string) error {
	switch {
	case c.Group == "" || c.Gateway == "":
		return &exitError{
			code: exitUsage, err: errors.New("collect: which gateway? -g GROUP and -n GATEWAY are required"),
			hint: "az network application-gateway list -o table shows groups and names",
		}
	case len(paths) > 0:
		return &exitError{
			code: exitUsage, err: fmt.Errorf("collect takes only flags, not %q", paths[0]),
			hint: "to redact evidence: causeway redact PATH...",
		}
	}
	now := time.Now()
	o, err := window(since, until, now)
	if err != nil {
		return err
	}
	if o.Until.IsZero() {
		o.Until = now
	}
	if c.Cloud = clouds[cloud]; c.Cloud == "" { // such as that of a Causeway with a management API
		c.Cloud, c.Own = cloud, !isAzure(cloud)
	}
	c.From, c.To = o.Since.UTC().Format(time.RFC3339), o.Until.UTC().Format(time.RFC3339)
	c.Start, c.End = o.Since.Unix(), o.Until.Unix()
	if c.Bundle == "" {
		c.Bundle = c.Gateway + ".tar.gz"
	}
	return nil
}

// isAzure reports whether a name that az has for a cloud is one of Azure's.
func isAzure(name string) bool {
	for _, of := range clouds {
		if strings.EqualFold(of, name) {
			return true
		}
	}
	return false
}

// script fills the script in. Every value is quoted for the shell.
func (c *collection) script() (string, error) {
	t, err := template.New("collect").Funcs(template.FuncMap{"q": shellQuoted}).Parse(collectScript)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	plain := *c
	plain.Gateway = strings.Map(func(r rune) rune { // it stands in a comment too
		if r < ' ' {
			return -1
		}
		return r
	}, c.Gateway)
	err = t.Execute(&b, plain)
	return b.String(), err
}

func shellQuoted(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

func writeScript(stdout io.Writer, path, text string) error {
	if path == "" {
		_, err := io.WriteString(stdout, text)
		return err
	}
	if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
		return &exitError{code: exitFailed, err: fmt.Errorf("write the script: %w", err)}
	}
	return nil
}

func runScript(cmd *cobra.Command, text string) error {
	if _, err := exec.LookPath("bash"); err != nil {
		return &exitError{
			code: exitFailed, err: fmt.Errorf("run the script: %w", err),
			hint: "write it with --script FILE and run it where bash is installed, or in the Cloud Shell",
		}
	}
	dir, err := os.MkdirTemp("", "causeway-collect-")
	if err != nil {
		return &exitError{code: exitFailed, err: fmt.Errorf("run the script: %w", err)}
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "collect.sh")
	if err := os.WriteFile(path, []byte(text), 0o700); err != nil {
		return &exitError{code: exitFailed, err: fmt.Errorf("run the script: %w", err)}
	}
	c := exec.CommandContext(cmd.Context(), "bash", path)
	c.Stdout, c.Stderr = cmd.OutOrStdout(), cmd.ErrOrStderr()
	if err := c.Run(); err != nil {
		return &exitError{
			code: exitFailed, err: fmt.Errorf("run the script: %w", err),
			hint: "its output says what is missing; sign in with az login; az network application-gateway list -o table\nshows the groups and names of gateways",
		}
	}
	return nil
}
