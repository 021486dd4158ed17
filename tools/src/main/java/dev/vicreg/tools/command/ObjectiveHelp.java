package dev.vicreg.tools.command;

import dev.vicreg.training.objective.Objectives;

/** The page of {@code ./vicreg help objectives}: all that {@code --objective} takes. */
public final class ObjectiveHelp {
    /** What the page is asked for by. */
    public static final String TOPIC = "objectives";

    private ObjectiveHelp() {}

    /** The page. */
    public static String page() {
        StringBuilder page = new StringBuilder("""
                --objective NAME[,NAME=X...] says what is learned from: a name, then settings that differ from these.

                  vicreg
                    variance, invariance and covariance (Bardes, Ponce, LeCun 2022)
                    its settings are options: --loss, --invariance, --variance, --covariance
                """);
        for (Objectives.Described objective : Objectives.described()) {
            page.append("  ")
                    .append(objective.name())
                    .append("\n    ")
                    .append(objective.help())
                    .append('\n');
            objective
                    .settings()
                    .forEach((setting, range) -> page.append("    ")
                            .append(setting)
                            .append(": ")
                            .append(range)
                            .append('\n'));
        }
        return page.append("""

                --variance-term X adds VICReg's variance term to another objective. What each computes, with its source:
                docs/objectives.md.

                Example
                  ./vicreg train --data shapes/train --out run --objective simclr,temperature=0.5
                """).toString();
    }
}
