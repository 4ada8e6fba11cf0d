package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"

	qrcode "github.com/skip2/go-qrcode"
	"golang.org/x/term"

	"beian/internal/accounts"
	"beian/tasks"
)

// staffCommand manages who works at the desk (V4).
type staffCommand struct {
	Add      staffAdd      `cmd:"" help:"Add a member; the password is read from standard input."`
	List     staffList     `cmd:"" help:"List members."`
	Disable  staffDisable  `cmd:"" help:"End a member's access and sessions."`
	Enable   staffEnable   `cmd:"" help:"Let a disabled member in again."`
	Role     staffRole     `cmd:"" help:"Change a member's role."`
	Password staffPassword `cmd:"" help:"Set a member's password, read from standard input."`
	Unlink   staffUnlink   `cmd:"" help:"Forget who a member is at the provider of OpenID Connect; the next sign-in there ties a new identity."`
	TOTP     staffTOTP     `cmd:"" name:"totp" help:"Give a member a new authenticator: prints its address, a QR code and recovery codes."`
}

type (
	staffAdd struct {
		Login string `arg:"" help:"Sign-in name."`
		Name  string `required:"" help:"Name that colleagues see."`
		Role  string `required:"" enum:"reviewer,supervisor,operator,auditor" help:"reviewer, supervisor, operator or auditor."`
	}
	staffList struct {
		JSON bool `help:"Print JSON lines."`
	}
	staffDisable struct {
		Login string `arg:"" help:"Sign-in name."`
	}
	staffEnable struct {
		Login string `arg:"" help:"Sign-in name."`
	}
	staffRole struct {
		Login string `arg:"" help:"Sign-in name."`
		Role  string `arg:"" enum:"reviewer,supervisor,operator,auditor" help:"reviewer, supervisor, operator or auditor."`
	}
	staffPassword struct {
		Login string `arg:"" help:"Sign-in name."`
	}
	staffUnlink struct {
		Login string `arg:"" help:"Sign-in name."`
	}
	staffTOTP struct {
		Login  string `arg:"" help:"Sign-in name."`
		Remove bool   `help:"Take the authenticator away instead; the next sign-in asks for a new one where the policy requires it."`
	}
)

func shellActor() tasks.Actor { return tasks.Actor{Kind: tasks.ActorOperator, ID: shellUser()} }

func (c *staffAdd) run(ctx context.Context, s session) error {
	return withPassword(ctx, s, func(o *office, password string) error {
		m, err := o.accounts.AddStaff(ctx, shellActor(), accounts.NewStaff{Login: c.Login, Name: c.Name, Role: tasks.ActorKind(c.Role), Password: password})
		if err == nil {
			fmt.Fprintln(s.out, m.Login, m.Role)
		}
		return err
	})
}

func (c *staffList) run(ctx context.Context, s session) error {
	return withOffice(ctx, s, func(o *office) error {
		members, err := o.accounts.Staff(ctx)
		if err != nil {
			return err
		}
		rows := make([]memberRow, len(members))
		for i, m := range members {
			rows[i] = memberRow{m.Login, m.Name, string(m.Role), !m.DisabledAt.IsZero()}
		}
		if c.JSON {
			return printJSON(s, rows)
		}
		w := tabwriter.NewWriter(s.out, 0, 4, 2, ' ', 0)
		for _, r := range rows {
			state := "active"
			if r.Disabled {
				state = "disabled"
			}
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", r.Login, r.Role, state, r.Name)
		}
		return w.Flush()
	})
}

// memberRow is a member of staff as the command line prints it.
type memberRow struct {
	Login    string `json:"login"`
	Name     string `json:"name"`
	Role     string `json:"role"`
	Disabled bool   `json:"disabled"`
}

func (c *staffDisable) run(ctx context.Context, s session) error {
	return withOffice(ctx, s, func(o *office) error { return o.refused(o.accounts.DisableStaff(ctx, shellActor(), c.Login)) })
}

func (c *staffEnable) run(ctx context.Context, s session) error {
	return withOffice(ctx, s, func(o *office) error { return o.accounts.EnableStaff(ctx, shellActor(), c.Login) })
}

func (c *staffRole) run(ctx context.Context, s session) error {
	return withOffice(ctx, s, func(o *office) error {
		return o.refused(o.accounts.SetRole(ctx, shellActor(), c.Login, tasks.ActorKind(c.Role)))
	})
}

// refused says in words why the last of a role stays.
func (o *office) refused(err error) error {
	var invalid *tasks.Invalid
	if errors.As(err, &invalid) {
		return fmt.Errorf("%s: %w", o.faults(invalid), tasks.ErrForbidden)
	}
	return err
}

func (c *staffPassword) run(ctx context.Context, s session) error {
	return withPassword(ctx, s, func(o *office, password string) error {
		return o.accounts.SetStaffPassword(ctx, shellActor(), c.Login, password)
	})
}

// run prints secrets: for the eyes of the member, who should be the one sitting
// there. Standard output stays machine-readable; the QR code is talk.
func (c *staffTOTP) run(ctx context.Context, s session) error {
	return withOffice(ctx, s, func(o *office) error {
		if c.Remove {
			return o.accounts.DropFactor(ctx, shellActor(), c.Login)
		}
		e, err := o.accounts.EnrolStaff(ctx, shellActor(), c.Login)
		if err != nil {
			return err
		}
		code, err := qrcode.New(e.URI, qrcode.Low)
		if err != nil {
			return fmt.Errorf("drawing the QR code: %w", err)
		}
		fmt.Fprint(s.err, code.ToSmallString(false))
		fmt.Fprintln(s.out, e.URI)
		for _, recovery := range e.Codes {
			fmt.Fprintln(s.out, recovery)
		}
		fmt.Fprintln(s.err, "The first line goes into an authenticator, the ten others are recovery codes, each for one sign-in. They are not shown again.")
		return nil
	})
}

// accountCommand manages sign-ins of filing accounts.
type accountCommand struct {
	SetPassword accountPassword `cmd:"" help:"Set an account's password, read from standard input; its sessions end."`
	Unlink      accountUnlink   `cmd:"" help:"Forget who an account is at the provider of OpenID Connect; its sessions end."`
}

type (
	accountPassword struct {
		Login string `arg:"" help:"Login email."`
	}
	accountUnlink struct {
		Login string `arg:"" help:"Login email."`
	}
)

func (c *staffUnlink) run(ctx context.Context, s session) error {
	return withOffice(ctx, s, func(o *office) error { return o.accounts.UnlinkStaff(ctx, shellActor(), c.Login) })
}

func (c *accountUnlink) run(ctx context.Context, s session) error {
	return withOffice(ctx, s, func(o *office) error { return o.accounts.UnlinkAccount(ctx, shellActor(), c.Login) })
}

func (c *accountPassword) run(ctx context.Context, s session) error {
	return withPassword(ctx, s, func(o *office, password string) error {
		return o.accounts.SetPassword(ctx, shellActor(), c.Login, password)
	})
}

// withPassword reads a password without showing it: from the terminal, or one
// line of standard input.
func withPassword(ctx context.Context, s session, fn func(o *office, password string) error) error {
	password, err := readPassword(s)
	if err != nil {
		return err
	}
	return withOffice(ctx, s, func(o *office) error {
		return o.usage(fn(o, password))
	})
}

func readPassword(s session) (string, error) {
	if f, ok := s.in.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		fmt.Fprint(s.err, "password: ")
		b, err := term.ReadPassword(int(f.Fd()))
		fmt.Fprintln(s.err)
		return string(b), err
	}
	line, err := bufio.NewReader(s.in).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", fmt.Errorf("reading the password: %w", err)
	}
	line = strings.TrimRight(line, "\r\n")
	if line == "" {
		return "", usageError{"a password is needed on standard input"}
	}
	return line, nil
}
