// One line on Airflow's home page. It runs in Airflow's own page and shows nothing on any trouble.
globalThis["GtmFeedbackLine"] = () => {
  const React = globalThis.React;
  const [waiting, setWaiting] = React.useState(null);
  React.useEffect(() => {
    const here = new URL("gtm-feedback/inbox/waiting", document.baseURI);
    fetch(here, { headers: { accept: "application/json" } })
      .then((answer) => (answer.ok ? answer.json() : null))
      .then(setWaiting, () => setWaiting(null));
  }, []);
  if (!waiting) return null;
  const words = waiting.open === 1 ? "1 question waits" : `${waiting.open} questions wait`;
  const mine = waiting.mine ? `, ${waiting.mine} for you` : "";
  return React.createElement(
    "p",
    { style: { margin: "0 0 0.5rem" } },
    "GTM Feedback: ",
    React.createElement("a", { href: new URL("plugin/feedback", document.baseURI).href, style: { textDecoration: "underline" } }, words + mine),
  );
};
