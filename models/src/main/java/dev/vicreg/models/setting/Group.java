package dev.vicreg.models.setting;

/** Headings under which help lists options, in their order on the page. */
public enum Group {
    DATA("Data"),
    MODEL("Model"),
    OBJECTIVE("Objective"),
    OPTIMIZATION("Optimization"),
    AUGMENTATION("Augmentation"),
    EVALUATION("Evaluation"),
    SERVER("Server"),
    OUTPUT("Output"),
    MACHINE("Machine"),
    GENERAL("General");

    private final String title;

    Group(String title) {
        this.title = title;
    }

    /** The heading. */
    public String title() {
        return title;
    }
}
