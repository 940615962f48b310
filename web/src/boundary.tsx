import { Component, type ReactNode } from "react";
import { Failure, Page } from "./parts";

/** Boundary shows what a page could not, in its place: the menu and the other pages go on. */
export class Boundary extends Component<{ children: ReactNode }, { error?: Error }> {
  override state: { error?: Error } = {};

  static getDerivedStateFromError(error: Error) {
    return { error };
  }

  override render() {
    const { error } = this.state;
    if (!error) {
      return this.props.children;
    }
    const gone = /dynamically imported module|Importing a module/.test(error.message);
    return (
      <Page title="This page cannot be shown">
        <Failure error={gone ? new Error("The gateway has been upgraded, and has other pages now. Load the portal again.") : error} />
      </Page>
    );
  }
}
