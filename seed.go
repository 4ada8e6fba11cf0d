package main

import (
	"bytes"
	"context"
	_ "embed"
	"fmt"
	"io"
	"runtime/debug"

	"beian/api"
	"beian/internal/accounts"
	"beian/internal/intake"
	"beian/internal/text"
	"beian/tasks"
)

//go:embed demo.ndjson
var demo []byte

// demoPassword opens every demo account and every demo member of staff; `dev` alone
// creates them.
const demoPassword = "beian-demo-2026"

// demoLogin is one account of the demonstration.
type demoLogin struct {
	login string
	about map[text.Lang]string
}

// demoLogins are the accounts that welcome names, with what each is for.
func demoLogins() []demoLogin {
	about := func(zh, en string) map[text.Lang]string {
		return map[text.Lang]string{text.Chinese: zh, text.English: en}
	}
	return []demoLogin{
		{"li@example.com", about("个人主体，两个网站，可以转出", "an individual with two websites: transfer it")},
		{"shop@example.com", about("单位主体，三个网站，可以转出", "an organisation with three websites: transfer it")},
		{"wang@example.com", about("可以接收（手机尾号 9002）", "may receive (phone ends in 9002)")},
		{"group@example.com", about("可以接收（手机尾号 9004）", "may receive (phone ends in 9004)")},
		{"busy@example.com", about("有进行中的订单（手机尾号 9005）", "has an order in progress (phone ends in 9005)")},
		{"full@example.com", about("已有备案主体（手机尾号 9006）", "holds a subject already (phone ends in 9006)")},
		{"everything@example.com", about("同时触发所有拦截原因（手机尾号 9009）", "meets every blocker at once (phone ends in 9009)")},
	}
}

// demoSignIns is the same list for the inbox page, with the staff.
func demoSignIns() []api.DemoSignIn {
	var out []api.DemoSignIn
	for _, l := range demoLogins() {
		out = append(out, api.DemoSignIn{Login: l.login, Password: demoPassword, Purpose: l.about})
	}
	for _, role := range accounts.StaffRoles() {
		out = append(out, api.DemoSignIn{Login: string(role), Password: demoPassword, Staff: true})
	}
	return out
}

// seed adds the demo data: facts through the same door as an import, passwords
// and staff through the porter.
func (o *office) seed(ctx context.Context) error {
	report, err := intake.Run(ctx, o.store, bytes.NewReader(demo), intake.Options{Name: "demo"})
	if err != nil {
		return err
	}
	if report.Refused > 0 {
		return fmt.Errorf("%d lines of the demo data were refused: %+v", report.Refused, report.Faults)
	}
	for _, l := range demoLogins() {
		if err := o.accounts.SetPassword(ctx, tasks.System(), l.login, demoPassword); err != nil {
			return fmt.Errorf("setting a demo password: %w", err)
		}
	}
	for _, role := range accounts.StaffRoles() {
		_, err := o.accounts.AddStaff(ctx, tasks.System(), accounts.NewStaff{Login: string(role), Name: string(role), Role: role, Password: demoPassword})
		if err != nil {
			return fmt.Errorf("adding demo staff: %w", err)
		}
	}
	debug.FreeOSMemory() // hashing a dozen passwords left as many buffers of 19 MB
	return nil
}

// welcome prints where to go and who to be.
func (o *office) welcome(w io.Writer) {
	base := o.cfg.BaseURL()
	fmt.Fprintf(w, "\nbeian is at        %s\nSMS and mail go to %s/inbox\nstaff sign in at   %s/ops/sign-in  (reviewer, supervisor, operator, auditor)\nthe Asynq dashboard is at %s/ops/queues\n\npassword of every demo sign-in: %s\n", base, base, base, base, demoPassword)
	for _, l := range demoLogins() {
		fmt.Fprintf(w, "  %-24s %s\n", l.login, l.about[text.English])
	}
	fmt.Fprintln(w)
}
