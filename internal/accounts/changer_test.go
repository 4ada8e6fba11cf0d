package accounts_test

import (
	"context"

	"beian/internal/accounts"
)

// changer gives the account another password hash after it was read the first
// time, as a recovery in between would.
type changer struct {
	*fake
	views int
}

func (c *changer) View(ctx context.Context, fn func(accounts.Tx) error) error {
	err := c.fake.View(ctx, fn)
	c.views++
	c.edit(func() {
		changed := c.accounts[login]
		changed.Hash += "x"
		c.accounts[login] = changed
	})
	return err
}
