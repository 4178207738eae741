// Guessing passwords in the browser is as slow as anywhere else.
import { password } from "./server.mjs";

export default function tests(it) {
  it("wrong passwords are told so, and the sixth has to wait", async ({ server, browser }) => {
    await server.join("slow@example.com", "viewer");
    await server.freeze();
    const page = await browser.open(null);
    await page.getByLabel("Email").fill("slow@example.com");
    for (let i = 1; i <= 5; i += 1) {
      await page.getByLabel("Password").fill(`wrong password ${i}`);
      await page.getByRole("button", { name: "Sign in" }).click();
      await page.getByText("do not belong together").waitFor();
      await page.getByLabel("Password").fill("");
      page.expected.push(401);
    }
    await page.getByLabel("Password").fill(password);
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByText(/Too many sign-ins failed\. Wait \d+ seconds/).waitFor();
    page.expected.push(429);
  });
}
