// Skips rendering when the properties are the same (what preact/compat offers, without preact/compat).
import { Component, createElement, type ComponentType, type FunctionComponent } from 'preact';

export function memo<P extends object>(view: FunctionComponent<P>): ComponentType<P> {
  return class extends Component<P> {
    override shouldComponentUpdate(next: Readonly<P>) {
      const before = this.props as Readonly<P>;
      return (Object.keys(next) as (keyof P)[]).some((key) => key !== 'children' && next[key] !== before[key]);
    }

    override render() {
      return createElement(view, this.props as P);
    }
  };
}
