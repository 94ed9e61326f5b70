package connection

import (
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"auditlog/cli/command"
	"auditlog/cli/contexts"
	"auditlog/cli/exit"
	"auditlog/cli/terminal"
)

func (a *app) context() *cobra.Command {
	cmd := command.Parent("context", "Keep by name how you reach logs, and choose one",
		a.contextList(), a.contextUse(), a.contextSet(), a.contextDelete())
	cmd.Long = `Keep by name how you reach logs, and choose one.

A context is an address with a token and, if you like, a project and certificates. The one
in use holds for every command that asks a server. What the environment says
(AUDITLOG_URL, AUDITLOG_TOKEN, AUDITLOG_PROJECT) goes before it, and flags before both;
--context, or AUDITLOG_CONTEXT, names another one for once.

They are kept in a file for you alone, contexts.json in your folder of settings. A token
is sent to the address of its context and to no other.`
	return cmd
}

func (a *app) contextList() *cobra.Command {
	cmd := &cobra.Command{Use: "list", Short: "List contexts", Args: cobra.NoArgs}
	var output string
	command.AddOutput(cmd, &output, "table", "json")
	cmd.RunE = func(*cobra.Command, []string) error {
		file, err := contexts.Open()
		if err != nil {
			return err
		}
		switch output {
		case "table":
			return a.writeContexts(file)
		case "json":
			return a.writeContextsJSON(file)
		}
		return exit.Usagef("--output: must be table or json")
	}
	return cmd
}

func (a *app) writeContexts(file *contexts.File) error {
	if len(file.Contexts) == 0 {
		fmt.Fprintln(a.Stderr, "auditlog: there are no contexts yet: auditlog context set prod --url https://audit.example.com")
		return nil
	}
	limit, _ := terminal.Width(a.Stdout)
	t := &terminal.Table{W: a.Stdout, Limit: limit, Fixed: 2, Titles: []string{"", "NAME", "ADDRESS", "PROJECT", "TOKEN"}}
	var rows [][]string
	for _, name := range file.Names() {
		c, mark := file.Contexts[name], ""
		if name == file.Current {
			mark = "*"
		}
		rows = append(rows, []string{mark, name, c.URL, c.Project, c.How()})
	}
	return t.Write(rows)
}

// writeContextsJSON writes the contexts without their tokens.
func (a *app) writeContextsJSON(file *contexts.File) error {
	shown := contexts.File{Current: file.Current, Contexts: make(map[string]contexts.Context)}
	for name, c := range file.Contexts {
		c.Token = ""
		shown.Contexts[name] = c
	}
	text, err := json.MarshalIndent(shown, "", "  ")
	if err == nil {
		_, err = fmt.Fprintf(a.Out("json"), "%s\n", text)
	}
	return err
}

func (a *app) contextUse() *cobra.Command {
	return &cobra.Command{
		Use: "use NAME", Short: "Choose the context that commands use from now on", Args: cobra.ExactArgs(1),
		Example: "  auditlog context use prod", ValidArgsFunction: CompleteContexts,
		RunE: func(_ *cobra.Command, args []string) error {
			file, err := contexts.Open()
			if err != nil {
				return err
			}
			c, err := file.Find(args[0])
			if err != nil {
				return err
			}
			file.Current = args[0]
			if err := file.Write(); err != nil {
				return err
			}
			fmt.Fprintf(a.Stderr, "auditlog: commands ask %s now\n", c.URL)
			return nil
		},
	}
}

func (a *app) contextSet() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "set NAME",
		Short: "Make a context, or change one",
		Long: `Make a context, or change what the flags say of one. An empty value takes something away.

A token is never an argument, since other users of the machine see those: it is in a file,
comes from a command, such as that of a password manager, or is read from standard input
once and kept with the context. Without any, "auditlog login" gets one. The first context
is in use at once.`,
		Example: `  auditlog context set prod --url https://audit.example.com --project acme --token-command 'pass show auditlog'
  auditlog context set staging --url https://audit.staging.example.com --ca-cert ca.pem --token-stdin --use < token`,
		Args: cobra.ExactArgs(1), ValidArgsFunction: CompleteContexts,
	}
	var want contexts.Context
	var fromStdin, use bool
	fs := cmd.Flags()
	fs.StringVar(&want.URL, "url", "", "the server's `address`")
	fs.StringVarP(&want.Project, "project", "p", "", "the `project` of commands that are given none")
	fs.StringVar(&want.CACert, "ca-cert", "", "the `file` of certificates that the server's is to be signed by")
	fs.StringVar(&want.TokenFile, "token-file", "", "the `file` that holds the token")
	fs.StringVar(&want.TokenCommand, "token-command", "", "the `command` of a shell that writes the token")
	fs.BoolVar(&fromStdin, "token-stdin", false, "read the token from standard input, and keep it with the context")
	fs.BoolVar(&use, "use", false, "use it from now on")
	cmd.RunE = func(cmd *cobra.Command, args []string) (err error) {
		if err := contexts.CheckName(args[0]); err != nil {
			return exit.Usage(err)
		}
		if fromStdin {
			if want.Token, err = a.tokenFromStdin(); err != nil {
				return err
			}
		}
		return a.setContext(cmd, args[0], &want, use)
	}
	return cmd
}

// setContext makes or changes the context with a name as the flags of cmd say, which have filled want.
func (a *app) setContext(cmd *cobra.Command, name string, want *contexts.Context, use bool) error {
	file, err := contexts.Open()
	if err != nil {
		return err
	}
	c, there := file.Contexts[name]
	for _, path := range []*string{&want.CACert, &want.TokenFile} {
		if *path, err = whole(*path); err != nil {
			return err
		}
	}
	changeContext(cmd, &c, want)
	if c.URL == "" {
		return exit.Usagef("--url: is required of a new context")
	}
	if err := c.Check(); err != nil {
		return exit.Usage(err)
	}
	file.Contexts[name] = c
	if use || !there && len(file.Contexts) == 1 {
		file.Current = name
	}
	if err := file.Write(); err != nil {
		return err
	}
	if file.Current == name {
		fmt.Fprintf(a.Stderr, "auditlog: commands ask %s now\n", c.URL)
	}
	return nil
}

// whole returns a path that means the same from every folder.
func whole(path string) (string, error) {
	if path == "" {
		return "", nil
	}
	return filepath.Abs(path)
}

// changeContext gives c what the flags of cmd say.
func changeContext(cmd *cobra.Command, c, want *contexts.Context) {
	given := cmd.Flags().Changed
	if given("token-file") || given("token-command") || given("token-stdin") {
		c.Token, c.TokenFile, c.TokenCommand = want.Token, want.TokenFile, want.TokenCommand
	}
	for flag, field := range map[string]struct{ to, from *string }{
		"url": {&c.URL, &want.URL}, "project": {&c.Project, &want.Project}, "ca-cert": {&c.CACert, &want.CACert},
	} {
		if given(flag) {
			*field.to = *field.from
		}
	}
}

// maxToken bounds a token that is read.
const maxToken = 64 << 10

func (a *app) tokenFromStdin() (string, error) {
	text, err := io.ReadAll(io.LimitReader(a.Stdin, maxToken))
	if err != nil {
		return "", fmt.Errorf("read token: %w", err)
	}
	token := strings.TrimSpace(string(text))
	if token == "" {
		return "", exit.Usagef("--token-stdin: standard input holds no token")
	}
	return token, nil
}

func (a *app) contextDelete() *cobra.Command {
	return &cobra.Command{
		Use: "delete NAME", Short: "Forget a context", Args: cobra.ExactArgs(1), ValidArgsFunction: CompleteContexts,
		RunE: func(_ *cobra.Command, args []string) error {
			file, err := contexts.Open()
			if err != nil {
				return err
			}
			if _, there := file.Contexts[args[0]]; !there {
				_, err := file.Find(args[0])
				return err
			}
			delete(file.Contexts, args[0])
			if file.Current == args[0] {
				file.Current = ""
			}
			return file.Write()
		},
	}
}

// CompleteContexts offers the names of contexts to the shell.
func CompleteContexts(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	file, err := contexts.Open()
	if err != nil || len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return file.Names(), cobra.ShellCompDirectiveNoFileComp
}
